using System.IO.Compression;
using System.Security;
using System.Text;

namespace LlavaServer.Cli.Eval.Reports;

/// <summary>Writes one sheet of text as an Office Open XML workbook (ECMA-376), which MMBench's server asks for.</summary>
internal static class Workbook
{
    private const string Declaration = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>""";
    private const string Sheets = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const string Packages = "http://schemas.openxmlformats.org/package/2006";
    private const string Content = "application/vnd.openxmlformats-officedocument.spreadsheetml";

    public static void Write(string path, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        using var archive = new ZipArchive(File.Create(path), ZipArchiveMode.Create);
        Part("[Content_Types].xml", $"""
            <Types xmlns="{Packages}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{Content}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="{Content}.worksheet+xml"/></Types>
            """);
        Part("_rels/.rels", $"""<Relationships xmlns="{Packages}/relationships"><Relationship Id="r1" Type="{Office}/officeDocument" Target="xl/workbook.xml"/></Relationships>""");
        Part("xl/workbook.xml", $"""<workbook xmlns="{Sheets}" xmlns:r="{Office}"><sheets><sheet name="Sheet1" sheetId="1" r:id="r1"/></sheets></workbook>""");
        Part("xl/_rels/workbook.xml.rels", $"""<Relationships xmlns="{Packages}/relationships"><Relationship Id="r1" Type="{Office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>""");
        Part("xl/worksheets/sheet1.xml", Sheet(rows));

        void Part(string name, string xml)
        {
            using var writer = new StreamWriter(archive.CreateEntry(name).Open(), new UTF8Encoding(false));
            writer.Write(Declaration + "\n" + xml);
        }
    }

    private static string Sheet(IReadOnlyList<IReadOnlyList<string>> rows)
    {
        var xml = new StringBuilder($"""<worksheet xmlns="{Sheets}"><sheetData>""");
        foreach (var row in rows)
        {
            xml.Append("<row>");
            foreach (var cell in row)
            {
                // Whole numbers stay numbers: the server looks questions up by index.
                xml.Append(long.TryParse(cell, out var number) && number.ToString() == cell
                    ? $"<c><v>{number}</v></c>"
                    : $"""<c t="inlineStr"><is><t xml:space="preserve">{SecurityElement.Escape(Printable(cell))}</t></is></c>""");
            }

            xml.Append("</row>");
        }

        return xml.Append("</sheetData></worksheet>").ToString();
    }

    // XML 1.0 has no place for other control characters.
    private static string Printable(string text) => string.Concat(text.Where(static c => c is '\n' or '\t' || !char.IsControl(c)));
}
