// Reports each test as one line of JSON: {name, milliseconds, error}. Read by LlavaServer.Tests, which makes failures of them.

export default async function* report(events) {
  for await (const { type, data } of events) {
    if ((type !== "test:pass" && type !== "test:fail") || data.skip !== undefined || (type === "test:pass" && data.details.type === "suite")) {
      continue;
    }

    const failure = type === "test:fail" ? data.details.error?.cause ?? data.details.error : null;
    yield JSON.stringify({
      name: data.name,
      milliseconds: Math.round(data.details.duration_ms),
      error: failure === null ? null : String(failure?.stack ?? failure),
    }) + "\n";
  }
}
