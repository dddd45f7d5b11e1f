// How long the page's main thread was busy at a time.

/** Follows the tasks of the page's main thread, by a CDP session on it. What they took is counted in time of the processor, which other programs of the machine do not lengthen. */
export async function traceTasks(session) {
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig: { recordMode: "recordContinuously", includedCategories: ["toplevel", "__metadata"] } });
  return {
    /** Milliseconds of each task, the longest first. */
    async end() {
      const complete = new Promise(resolve => session.once("Tracing.tracingComplete", resolve));
      await session.send("Tracing.end");
      await complete;
      const mains = new Set(events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
      return events.filter(({ ph, tdur, pid, tid }) => ph === "X" && tdur !== undefined && mains.has(`${pid} ${tid}`)).map(({ tdur }) => tdur / 1000).sort((a, b) => b - a);
    },
  };
}
