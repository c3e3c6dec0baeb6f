/** `almanac config`: every setting as it is in force here, and where it comes from. */
import { printJson, printLines, screenOf } from "../output.js";
import type { Json } from "../render/json.js";
import { renderTable } from "../render/table.js";
import type { Program } from "../root.js";
import { configFileName, effectiveSettings } from "../settings.js";

const columns = [
  { title: "SETTING" },
  { title: "VALUE", elasticTo: 12 },
  { title: "SOURCE", elasticTo: 8, cutMiddle: true },
];

export function addConfig(program: Program): void {
  program
    .command("config")
    .description("show every setting in force, and where it comes from")
    .action((_options, command) => {
      const options = command.optsWithGlobals();
      const effective = effectiveSettings(options);
      if (options.json === true) {
        const plain: Json = JSON.parse(JSON.stringify(effective));
        return printJson({ file: configFileName(options), settings: plain });
      }
      const screen = screenOf();
      const rows = effective.map(({ path, value, source }) => [
        path,
        JSON.stringify(value),
        source === "default" ? { text: source, style: screen.colour.dim } : source,
      ]);
      printLines(renderTable(columns, rows, screen));
    });
}
