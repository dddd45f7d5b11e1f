using Microsoft.Extensions.Options;

namespace LlavaServer.Configuration;

/// <summary>
/// Validates all options before the server is built: building it already reads some, and would stop at the first that is wrong.
/// </summary>
internal static class StartupValidation
{
    public static void Run(IServiceCollection services)
    {
        using var provider = (ServiceProvider)new DefaultServiceProviderFactory().CreateServiceProvider(services);
        try
        {
            provider.GetService<IStartupValidator>()?.Validate();
        }
        catch (OptionsValidationException exception)
        {
            throw new SettingsException([.. exception.Failures]);
        }
        catch (AggregateException exception)
        {
            throw new SettingsException([.. exception.InnerExceptions.OfType<OptionsValidationException>().SelectMany(static inner => inner.Failures)]);
        }
    }
}
