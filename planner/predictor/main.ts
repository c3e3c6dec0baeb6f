/**
 * Entry of the predictor's process. It lives as long as the planner that started it; what kills it,
 * hangs it or eats its memory does not touch the planner.
 */
import { assert } from "../../core/result.js";
import { answerCall } from "./calls.js";
import { createEngine, type Engine } from "./engine.js";
import { aliveEveryMs, type FromPredictor, type ToPredictor } from "./protocol.js";
import { messageOf } from "./say.js";

const tell = (message: FromPredictor): void => {
  if (process.connected) process.send?.(message);
};

let engine: Promise<Engine> | null = null;

process.on("message", (message: ToPredictor) => {
  if (message.kind === "begin") {
    const { directory, starter, trainEntry, validateEntry, training: settings } = message;
    engine = createEngine({
      directory,
      starter,
      trainEntry,
      validateEntry,
      ...(settings === undefined ? {} : { settings }),
      say: (level, text, facts = {}) => tell({ kind: "log", level, message: text, facts }),
    });
    // Without it there is nothing to do here.
    engine.catch(die);
    return;
  }
  const { id, method, request } = message;
  const fail = (error: unknown): void =>
    tell({
      kind: "failure",
      id,
      error: { code: "internal", message: messageOf(error), violations: [] },
    });
  assert(engine !== null, "the first message is `begin`");
  engine
    .then((own) => answerCall(own, method, Buffer.from(request)))
    .then((result) =>
      tell(
        result.ok
          ? { kind: "answer", id, reply: result.value }
          : { kind: "failure", id, error: result.error },
      ),
    )
    .catch(fail);
});

function die(error: unknown): void {
  tell({
    kind: "log",
    level: "error",
    message: "no predictor",
    facts: { error: messageOf(error) },
  });
  process.exitCode = 1;
  process.disconnect();
}

// A Ctrl-C at the terminal reaches every process of its group: the planner says when it is over.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);
process.once("disconnect", () => process.exit());
// It may have gone while this one was being loaded.
if (!process.connected) process.exit();
setInterval(() => tell({ kind: "alive" }), aliveEveryMs);
