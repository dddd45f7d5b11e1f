using System.ComponentModel.DataAnnotations;
using LlavaServer.Inference.Engines;
using LlavaServer.Inference.Images;
using LlavaServer.Inference.Loading;
using LlavaServer.Inference.Scheduling;
using Microsoft.Extensions.Options;

namespace LlavaServer.Inference;

/// <summary>All settings between a neutral request and its tokens (section <c>Llava</c>). Validated at start; read once by each service.</summary>
public sealed class InferenceOptions
{
    public const string SectionName = "Llava";

    [Required, ValidateObjectMembers]
    public QueueOptions Queue { get; set; } = new();

    [Required, ValidateObjectMembers]
    public PoolOptions Pool { get; set; } = new();

    [Required, ValidateObjectMembers]
    public EngineOptions Engine { get; set; } = new();

    [Required, ValidateObjectMembers]
    public LimitOptions Limits { get; set; } = new();

    [Required, ValidateObjectMembers]
    public ImageOptions Images { get; set; } = new();

    [Required, ValidateObjectMembers]
    public CacheOptions Cache { get; set; } = new();

    [Required, ValidateObjectMembers]
    public ModelsOptions Models { get; set; } = new();
}
