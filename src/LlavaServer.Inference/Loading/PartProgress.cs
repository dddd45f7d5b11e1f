namespace LlavaServer.Inference.Loading;

/// <summary>Progress of one of several equal parts of a load. Stateless.</summary>
internal sealed class PartProgress(IProgress<double> whole, int part, int partCount) : IProgress<double>
{
    public void Report(double value) => whole.Report((part + value) / partCount);
}
