// A stream of a server whose engine dies in the middle: node failed.mjs ADDRESS MODEL CLIENT... Prints one JSON line a client: what it had, and what it threw.
import { clients } from "./clients.mjs";

const [address, model, ...names] = process.argv.slice(2);
for (const name of names) {
  const report = { client: name, pieces: 0, thrown: "" };
  try {
    const client = await clients[name]();
    await client.stream({ address, model, temperature: 0, maxTokens: 64, onPiece: () => report.pieces++ }, { text: "Hello", pictures: [] });
  } catch (error) {
    report.thrown = `${error.constructor.name} ${error.code ?? ""} ${error.message ?? JSON.stringify(error)}`;
  }
  console.log(JSON.stringify(report));
}
