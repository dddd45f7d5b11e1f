namespace LlavaServer.Training.Dataset;

/// <summary>Question families; accuracy is counted per family.</summary>
public enum Family
{
    Color, Shape, Count, Position, Relation, Existence, Comparison, Size, Fill, Reading, Description, Detail, Reasoning, Absent, Chat, Pair, Order,
}
