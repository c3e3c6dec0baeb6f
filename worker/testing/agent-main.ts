/** An agent as a process of its own, for tests that kill it: `node agent.cjs '<options as JSON>'`. */
import pino from "pino";
import { type AgentOptions, startAgent } from "../agent.js";

const options = JSON.parse(process.argv[2] ?? "{}") as Omit<AgentOptions, "log">;
startAgent({ ...options, log: pino({ level: "silent" }) }).then(
  () => process.stdout.write("ready\n"),
  () => process.exit(1),
);
