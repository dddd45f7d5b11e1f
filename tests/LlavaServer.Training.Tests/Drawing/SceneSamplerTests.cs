using LlavaServer.Training.Drawing;

namespace LlavaServer.Training.Tests.Drawing;

public sealed class SceneSamplerTests
{
    [Fact]
    public void Sample_ManyScenes_ItemsLieInsideAndApart()
    {
        var random = new Random(3);
        var sampler = new SceneSampler(5);
        var counts = new int[7];
        for (var i = 0; i < 500; i++)
        {
            var scene = sampler.Sample(random);
            var shapes = scene.Shapes.ToList();
            counts[shapes.Count]++;
            foreach (var item in shapes)
            {
                Assert.InRange(item.X, item.Radius, scene.Width - item.Radius);
                Assert.InRange(item.Y, item.Radius, scene.Height - item.Radius);
            }

            for (var a = 0; a < shapes.Count; a++)
            {
                for (var b = a + 1; b < shapes.Count; b++)
                {
                    Assert.True(Math.Sqrt(Math.Pow(shapes[a].X - shapes[b].X, 2) + Math.Pow(shapes[a].Y - shapes[b].Y, 2)) > shapes[a].Radius + shapes[b].Radius);
                }
            }
        }

        Assert.All(counts[1..6], count => Assert.True(count > 20, $"counts {string.Join(' ', counts)}"));
    }

    [Fact]
    public void Sample_SameSeed_SameScenes()
    {
        var first = new SceneSampler(5).Sample(new Random(11));
        var second = new SceneSampler(5).Sample(new Random(11));

        Assert.Equal(first.Items, second.Items);
        Assert.Equal(first.PaintSeed, second.PaintSeed);
    }

    [Fact]
    public void Shade_EveryColour_StaysNearestToItsOwnName()
    {
        var random = new Random(5);
        foreach (var color in Enum.GetValues<ShapeColor>())
        {
            for (var i = 0; i < 50; i++)
            {
                var shade = Palette.Shade(color, random);
                if (color is ShapeColor.Red)
                {
                    Assert.True(shade.Red > shade.Green + 80 && shade.Red > shade.Blue + 80);
                }
                else if (color is ShapeColor.Green)
                {
                    Assert.True(shade.Green > shade.Red && shade.Green > shade.Blue);
                }
                else if (color is ShapeColor.Blue)
                {
                    Assert.True(shade.Blue > shade.Red && shade.Blue > shade.Green);
                }
                else if (color is ShapeColor.Black)
                {
                    Assert.True(shade.Red < 50 && shade.Green < 50 && shade.Blue < 50);
                }
            }
        }
    }
}
