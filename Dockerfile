# syntax=docker/dockerfile:1
# Two images from the same sources. A plain build gives the last stage, `cpu`: the managed engine, for amd64 and arm64.
#   docker build -t llava-server:cpu .
#   docker build -t llava-server:cuda12 --target cuda12 .     llama.cpp for NVIDIA cards, amd64 only
# `--build-arg REVISION=$(git rev-parse HEAD)` puts the commit into the label, `llava version` and /metrics.
ARG DOTNET_SDK=10.0.401-noble
ARG DOTNET_RUNTIME=10.0.12-noble
ARG CUDA=12.6.3-runtime-ubuntu24.04

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:${DOTNET_SDK} AS source
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/LlavaServer/LlavaServer.csproj src/LlavaServer/packages.lock.json src/LlavaServer/
COPY src/LlavaServer.Engine.Cpu/LlavaServer.Engine.Cpu.csproj src/LlavaServer.Engine.Cpu/packages.lock.json src/LlavaServer.Engine.Cpu/
COPY src/LlavaServer.Engine.LLamaSharp/LlavaServer.Engine.LLamaSharp.csproj src/LlavaServer.Engine.LLamaSharp/packages.lock.json src/LlavaServer.Engine.LLamaSharp/
COPY src/LlavaServer.Inference/LlavaServer.Inference.csproj src/LlavaServer.Inference/packages.lock.json src/LlavaServer.Inference/
COPY src/LlavaServer.Models/LlavaServer.Models.csproj src/LlavaServer.Models/packages.lock.json src/LlavaServer.Models/
RUN dotnet restore src/LlavaServer --locked-mode
COPY src src

# The lock files know no architecture: what they name has been fetched and compared above, and the publish for one architecture keeps a lock file of its own.
FROM source AS build
ARG TARGETARCH
ARG REVISION
RUN dotnet publish src/LlavaServer -c Release -a "$TARGETARCH" --self-contained false -o /app \
      -p:NuGetLockFilePath=obj/packages.lock.json -p:DebugType=none -p:SatelliteResourceLanguages=en -p:SourceRevisionId="$REVISION" \
 && mkdir -p /writable/models

FROM source AS build-cuda12
ARG TARGETARCH
ARG REVISION
RUN test "$TARGETARCH" = amd64 || { echo "The CUDA libraries exist for amd64 only: add --platform=linux/amd64, or build the target cpu." >&2; exit 1; }
RUN dotnet publish src/LlavaServer -c Release -r linux-x64 --self-contained false -o /app \
      -p:LLamaSharp=true -p:DebugType=none -p:SatelliteResourceLanguages=en -p:SourceRevisionId="$REVISION" \
 && mkdir -p /writable/models /writable/cache

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_RUNTIME} AS dotnet

FROM nvidia/cuda:${CUDA} AS cuda12
ARG VERSION=0.1.0
ARG REVISION
ARG LICENSES=NOASSERTION
# PTX of CUDA 12.4 is compiled by drivers from 550 on; older ones, and no card at all, leave the work to the processor.
LABEL org.opencontainers.image.title="LlavaServer with llama.cpp for NVIDIA cards" \
      org.opencontainers.image.description="Talk about pictures with your own machine: OpenAI and Ollama API for LLaVA-class models" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="$LICENSES" \
      com.nvidia.driver.minimum="550.54.14"
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates libgomp1 libssl3t64 libstdc++6 tzdata zlib1g \
 && rm -rf /var/lib/apt/lists/*
COPY --from=dotnet /usr/share/dotnet /usr/share/dotnet
COPY --from=build-cuda12 /app /app
COPY --from=build-cuda12 --chown=1654:1654 /writable /
# NVIDIA_DISABLE_REQUIRE: the runtime would refuse to start the container on an older driver; the server says why and computes on the processor.
# CUDA_CACHE_PATH: cards without machine code of their own in the package compile it for minutes on first use, once as long as this volume lives.
ENV LLAVA_HOST=http://0.0.0.0:11434 \
    LLAVA_MODELS=/models \
    HOME=/models \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    NVIDIA_DISABLE_REQUIRE=1 \
    CUDA_CACHE_PATH=/cache \
    CUDA_CACHE_MAXSIZE=4294967296 \
    DOTNET_ROOT=/usr/share/dotnet \
    DOTNET_RUNNING_IN_CONTAINER=true \
    DOTNET_EnableDiagnostics=0
USER 1654:1654
WORKDIR /app
VOLUME ["/models", "/cache"]
EXPOSE 11434
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/app/llava", "health", "--ready"]
ENTRYPOINT ["/app/llava"]
CMD ["serve"]

FROM dotnet AS cpu
ARG VERSION=0.1.0
ARG REVISION
ARG LICENSES=NOASSERTION
LABEL org.opencontainers.image.title="LlavaServer" \
      org.opencontainers.image.description="Talk about pictures with your own machine: OpenAI and Ollama API for LLaVA-class models" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.licenses="$LICENSES"
COPY --from=build /app /app
COPY --from=build --chown=1654:1654 /writable /
ENV LLAVA_HOST=http://0.0.0.0:11434 \
    LLAVA_MODELS=/models \
    HOME=/models \
    ASPNETCORE_HTTP_PORTS= \
    DOTNET_EnableDiagnostics=0
USER 1654:1654
WORKDIR /app
VOLUME ["/models"]
EXPOSE 11434
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["/app/llava", "health", "--ready"]
ENTRYPOINT ["/app/llava"]
CMD ["serve"]
