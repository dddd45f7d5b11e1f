# syntax=docker/dockerfile:1
# CPU image: managed engine, no native code but the picture decoder. `docker build -t llava-server:cpu .`
ARG DOTNET_VERSION=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION} AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/LlavaServer/LlavaServer.csproj src/LlavaServer/packages.lock.json src/LlavaServer/
COPY src/LlavaServer.Engine.Cpu/LlavaServer.Engine.Cpu.csproj src/LlavaServer.Engine.Cpu/packages.lock.json src/LlavaServer.Engine.Cpu/
COPY src/LlavaServer.Engine.LLamaSharp/LlavaServer.Engine.LLamaSharp.csproj src/LlavaServer.Engine.LLamaSharp/packages.lock.json src/LlavaServer.Engine.LLamaSharp/
COPY src/LlavaServer.Inference/LlavaServer.Inference.csproj src/LlavaServer.Inference/packages.lock.json src/LlavaServer.Inference/
COPY src/LlavaServer.Models/LlavaServer.Models.csproj src/LlavaServer.Models/packages.lock.json src/LlavaServer.Models/
RUN dotnet restore src/LlavaServer --locked-mode
COPY src src
# The publish is portable and carries the picture decoder of every platform (450 MB); the image keeps its own.
RUN dotnet publish src/LlavaServer --no-restore -c Release -o /app -p:DebugType=none \
 && arch=$(dpkg --print-architecture | sed s/amd64/x64/) \
 && find /app/runtimes -mindepth 1 -maxdepth 1 ! -name "linux-$arch" -exec rm -rf {} + \
 && mkdir /models

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION} AS cpu
LABEL org.opencontainers.image.title="LlavaServer" \
      org.opencontainers.image.description="Talk about pictures with your own machine: OpenAI and Ollama API for LLaVA-class models" \
      org.opencontainers.image.version="0.1.0"
COPY --from=build /app /app
COPY --from=build --chown=1654:1654 /models /models
ENV LLAVA_HOST=http://0.0.0.0:11434 \
    LLAVA_MODELS=/models \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0
USER 1654
WORKDIR /app
VOLUME /models
EXPOSE 11434
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/app/llava", "health", "--ready"]
ENTRYPOINT ["/app/llava"]
CMD ["serve"]
