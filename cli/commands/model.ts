/** `almanac model`: what the predictor has learned, and which of it is served. */
import { readFile, stat } from "node:fs/promises";
import { type ModelView, predictionLimits } from "../../core/prediction.js";
import { failure, messageOf, unwrap } from "../failure.js";
import { note, printJson, printLines, screenOf } from "../output.js";
import {
  evaluationJson,
  modelJson,
  modelListJson,
  renderEvaluation,
  renderModel,
  renderModels,
} from "../render/models.js";
import { addGroup, type Program } from "../root.js";
import { type Session, withSession } from "../session.js";

type Commands = ReturnType<Program["command"]>;

const versionHelp = "a version, as `almanac model list` shows it";
/** In place of a version: statistics alone. */
const noModel = "none";

export function addModel(program: Program): void {
  const model = addGroup(program, "model").description(
    "what the predictor has learned from this cluster, and which of it is served",
  );
  addViews(model);
  addChoices(model);
  addWork(model);
}

function addViews(model: Commands): void {
  model
    .command("list")
    .description("the models, how good each has been, and when the next one is trained")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const list = unwrap(await client.models());
        if (json) return printJson(modelListJson(list));
        if (quiet) return printLines(list.models.map(({ version }) => version));
        printLines(renderModels(list, screenOf()));
      });
    });
  model
    .command("show")
    .description("one model: where it comes from, and what it has gained over statistics")
    .argument("<model>", versionHelp)
    .action(async (version, _options, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        const { models } = unwrap(await session.client.models());
        const found = models.find((one) => one.version === version);
        if (found === undefined) throw unknown(version, models);
        print(session, found);
      });
    });
}

function addChoices(model: Commands): void {
  model
    .command("promote")
    .description("serve a model from now on; the predictor may replace it by a better one")
    .argument("<model>", `${versionHelp}; \`${noModel}\`: statistics alone`)
    .option("--pin", "no other replaces it by itself, until it is unpinned", false)
    .action(async (version, { pin }, command) => {
      await promote(command.optsWithGlobals(), version, pin);
    });
  model
    .command("pin")
    .description("serve a model, and let no other replace it by itself")
    .argument("<model>", `${versionHelp}; \`${noModel}\`: statistics alone`)
    .action(async (version, _options, command) => {
      await promote(command.optsWithGlobals(), version, true);
    });
  model
    .command("unpin")
    .description("go on with the model that is served, and let better ones replace it")
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        const { models } = unwrap(await session.client.models());
        const active = models.find(({ state }) => state === "active");
        const served = unwrap(await session.client.promoteModel(active?.version ?? null, false));
        told(session, served, false);
      });
    });
}

function addWork(model: Commands): void {
  model
    .command("train")
    .description(
      "train a model now, on what has ended so far; it is served once it has shown worth",
    )
    .action(async (_options, command) => {
      await withSession(command.optsWithGlobals(), async (session) => {
        if (!session.quiet && !session.json) note("training; this may take a minute");
        print(session, unwrap(await session.client.trainModel()));
      });
    });
  model
    .command("evaluate")
    .description("measure a model on the newest runs that the predictor remembers")
    .argument("<model>", versionHelp)
    .action(async (version, _options, command) => {
      await withSession(command.optsWithGlobals(), async ({ client, json, quiet }) => {
        const evaluation = unwrap(await client.evaluateModel(version));
        if (json) return printJson(evaluationJson(evaluation));
        if (quiet) return printLines([evaluation.model.version]);
        printLines(renderEvaluation(evaluation, screenOf()));
      });
    });
  model
    .command("import")
    .description(
      "bring a model made elsewhere; it is tried first, and then stands beside the others",
    )
    .argument("<file>", "the model, in ONNX")
    .requiredOption("--manifest <file>", "JSON: its licence, and which inputs are which features")
    .action(async (file, { manifest }, command) => {
      const { modelBytes, manifestBytes } = predictionLimits;
      const brought = {
        model: await read(file, "model", "<file>", modelBytes),
        manifest: (await read(manifest, "manifest", "--manifest", manifestBytes)).toString("utf8"),
      };
      await withSession(command.optsWithGlobals(), async (session) => {
        print(session, unwrap(await session.client.importModel(brought)));
      });
    });
}

async function promote(
  given: Parameters<typeof withSession>[0],
  version: string,
  pin: boolean,
): Promise<void> {
  await withSession(given, async (session) => {
    const named = version === noModel ? null : version;
    told(session, unwrap(await session.client.promoteModel(named, pin)), pin);
  });
}

function told({ json, quiet }: Session, model: ModelView | null, pinned: boolean): void {
  if (json) return printJson(model === null ? null : modelJson(model));
  if (quiet) return printLines(model === null ? [] : [model.version]);
  const what = model === null ? "statistics alone are served" : `${model.version} is served`;
  const until = pinned ? ", until somebody says otherwise" : ", until a better one is found";
  printLines([what + until]);
}

function print({ json, quiet }: Session, model: ModelView): void {
  if (json) return printJson(modelJson(model));
  printLines(quiet ? [model.version] : renderModel(model, screenOf()));
}

function unknown(version: string, models: readonly ModelView[]) {
  const some = models.slice(-3).map((one) => one.version);
  const there = some.length === 0 ? "there is none yet" : `there are ${some.join(", ")}`;
  return failure("not_found", `no model has the version ${version}: ${there}`, [
    { field: "<model>", message: "must be a version that `almanac model list` shows" },
  ]);
}

/** Its size is looked at first: what is far too large is not read at all. */
async function read(path: string, what: string, field: string, limit: number): Promise<Buffer> {
  let bytes: Buffer | null = null;
  try {
    if ((await stat(path)).size <= limit) bytes = await readFile(path);
  } catch (error) {
    throw failure("invalid_argument", `the ${what} cannot be read: ${messageOf(error)}`, [
      { field, message: "must be a file that can be read" },
    ]);
  }
  const message = bytes === null ? `must have at most ${limit} bytes` : "must not be empty";
  if (bytes !== null && bytes.length > 0) return bytes;
  const violation = { field, message, ...(bytes === null && { limit }) };
  throw failure(bytes === null ? "limit_exceeded" : "invalid_argument", `the ${what} ${message}`, [
    violation,
  ]);
}
