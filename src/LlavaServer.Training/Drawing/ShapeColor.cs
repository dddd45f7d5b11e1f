namespace LlavaServer.Training.Drawing;

/// <summary>The colours that the model learns to name.</summary>
public enum ShapeColor
{
    Red, Orange, Yellow, Green, Blue, Purple, Pink, Brown, Black, White, Gray, Cyan,
}
