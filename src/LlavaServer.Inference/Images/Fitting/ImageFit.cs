namespace LlavaServer.Inference.Images.Fitting;

/// <summary>How a picture of any shape becomes the square that the tower sees.</summary>
public enum ImageFit
{
    /// <summary>Centred on a square of its longer side in the mean colour, then Pillow's bicubic filter.</summary>
    PadThenPillow,

    /// <summary>Pillow's bicubic filter to fit, then centred on the mean colour.</summary>
    PillowThenPad,

    /// <summary>Bicubic interpolation without antialiasing to fit, then centred on the mean colour.</summary>
    NaiveThenPad,
}
