/** Models of the predictor: a line each, or one of them whole, beside statistics on the same runs. */
import type {
  AbsentModel,
  ModelEvaluation,
  ModelList,
  ModelMetrics,
  ModelView,
} from "../../core/prediction.js";
import type { Json } from "./json.js";
import type { Screen } from "./screen.js";
import { type Cell, type Column, renderTable } from "./table.js";
import { type Line, paintAll, plain } from "./text.js";
import { formatBytes, formatChange, formatCount, formatInstant, formatShare } from "./units.js";

const columns: readonly Column[] = [
  { title: "MODEL" },
  { title: "STATE" },
  { title: "FROM" },
  { title: "TRAINED" },
  { title: "ROWS", align: "right" },
  { title: "ERROR", align: "right" },
  { title: "BESIDE STATISTICS", align: "right" },
  { title: "WITHIN P90", align: "right", optional: true },
  { title: "WHY", elasticTo: 12, optional: true },
];

export function renderModels(list: ModelList, screen: Screen): string[] {
  const { models, completions, nextTrainingAt, training, absent } = list;
  const next = training
    ? "a model is being trained"
    : `${formatCount(completions)} of ${formatCount(nextTrainingAt)} runs until the next training`;
  const footer: Line[] = [[{ text: next, style: screen.colour.dim }]];
  if (absent !== null) footer.unshift(...absentLines(absent, screen));
  if (models.length === 0) {
    if (absent === null) footer.unshift([{ text: "no models yet: statistics alone are served" }]);
    return paintAll(footer, screen.width);
  }
  return [
    ...renderTable(
      columns,
      models.map((one) => rowOf(one, screen)),
      screen,
    ),
    ...paintAll(footer, screen.width),
  ];
}

const absentLines = ({ version, sha256 }: AbsentModel, screen: Screen): Line[] => [
  [
    {
      text: `model ${plain(version)} was chosen and is not with this planner: statistics alone are served`,
      style: screen.colour.yellow,
    },
  ],
  [{ text: `its sha256 is ${sha256}`, style: screen.colour.dim }],
];

function rowOf(model: ModelView, screen: Screen): Cell[] {
  // What it did in use says more than what it did on trial.
  const metrics = model.live ?? model.offline;
  return [
    model.version,
    model.pinned ? `${model.state}, pinned` : model.state,
    model.origin,
    trainedText(model, screen),
    formatCount(model.rows),
    metrics === null ? "" : metrics.meanLogError.toFixed(3),
    metrics === null ? "" : besideStatistics(metrics),
    metrics === null ? "" : formatShare(metrics.coverage90),
    { text: model.reason, style: screen.colour.dim },
  ];
}

export function renderModel(model: ModelView, screen: Screen): string[] {
  const pinned = model.pinned ? ", pinned" : "";
  const field = (name: string, text: string): Line => [
    { text: name.padEnd(10), style: screen.colour.dim },
    { text: plain(text) },
  ];
  const facts = [
    field("model", model.version),
    field("state", `${model.state}${pinned}${model.reason === "" ? "" : `: ${model.reason}`}`),
    field("from", model.licence === "" ? model.origin : `${model.origin}, ${model.licence}`),
    field(
      "trained",
      `${trainedText(model, screen)} on ${formatCount(model.rows)} runs, seed ${model.seed}`,
    ),
    field("size", `${formatBytes(model.modelBytes)}, ${model.features} features`),
    field("sha256", model.sha256),
  ];
  return [
    ...paintAll(facts, screen.width),
    ...renderMetrics(
      [
        ["on trial", model.offline],
        ["in use", model.live],
      ],
      screen,
    ),
  ];
}

export function renderEvaluation({ model, metrics }: ModelEvaluation, screen: Screen): string[] {
  const head: Line = [
    { text: `${plain(model.version)} on the newest runs`, style: screen.colour.dim },
  ];
  return [...paintAll([head], screen.width), ...renderMetrics([["now", metrics]], screen)];
}

const metricColumns: readonly Column[] = [
  { title: "" },
  { title: "RUNS", align: "right" },
  { title: "ERROR", align: "right" },
  { title: "STATISTICS", align: "right" },
  { title: "PINBALL 50", align: "right" },
  { title: "STATISTICS", align: "right" },
  { title: "PINBALL 90", align: "right", optional: true },
  { title: "STATISTICS", align: "right", optional: true },
  { title: "WITHIN P90", align: "right" },
];

function renderMetrics(
  measured: readonly (readonly [string, ModelMetrics | null])[],
  screen: Screen,
): string[] {
  const rows = measured.flatMap(([name, metrics]) => {
    if (metrics === null) return [];
    const losses = [
      metrics.meanLogError,
      metrics.statisticsMeanLogError,
      metrics.pinball50,
      metrics.statisticsPinball50,
      metrics.pinball90,
      metrics.statisticsPinball90,
    ].map((loss) => loss.toFixed(3));
    return [[name, formatCount(metrics.rows), ...losses, formatShare(metrics.coverage90)]];
  });
  return rows.length === 0 ? [] : ["", ...renderTable(metricColumns, rows, screen)];
}

/** `-12.3 %`: its error is so much below that of statistics. */
const besideStatistics = ({ meanLogError, statisticsMeanLogError }: ModelMetrics): string =>
  statisticsMeanLogError === 0 ? "" : formatChange(meanLogError / statisticsMeanLogError - 1);

const trainedText = ({ trainedAtMs }: ModelView, screen: Screen): string =>
  trainedAtMs === 0 ? "elsewhere" : formatInstant(trainedAtMs, screen);

type JsonObject = { [key: string]: Json };

export const modelJson = ({ trainedAtMs, offline, live, ...rest }: ModelView): JsonObject => ({
  ...rest,
  trainedAt: trainedAtMs === 0 ? null : new Date(trainedAtMs).toISOString(),
  offline: offline === null ? null : { ...offline },
  live: live === null ? null : { ...live },
});

export const modelListJson = ({ models, absent, ...rest }: ModelList): JsonObject => ({
  models: models.map(modelJson),
  ...rest,
  absent: absent === null ? null : { ...absent },
});

export const evaluationJson = ({ model, metrics }: ModelEvaluation): JsonObject => ({
  model: modelJson(model),
  metrics: { ...metrics },
});
