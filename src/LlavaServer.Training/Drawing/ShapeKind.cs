namespace LlavaServer.Training.Drawing;

/// <summary>The shapes that the model learns to name.</summary>
public enum ShapeKind
{
    Circle, Square, Triangle, Star, Heart, Cross, Diamond, Crescent,
}
