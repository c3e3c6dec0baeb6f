/**
 * Pure code has no clock, no chance, no waiting and no world: everything of that kind comes in as
 * an argument, so that a replay or a simulation gives the same again. This looks for what would
 * break that, in core/ and in every house's pure/ folder.
 *
 * Names are resolved by TypeScript with no library loaded: a name that then has no declaration is a
 * global, one that has is somebody's own variable, whatever it is called.
 *
 *   node scripts/lint-pure.mjs [ROOT]
 */
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { houses } from "./build.mjs";
import { filesUnder } from "./stamp.mjs";

const banned = new Map(
  Object.entries({
    "a clock": ["performance"],
    "a timer": ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"],
    "a timer's end": ["clearTimeout", "clearInterval", "clearImmediate"],
    "the process": ["process"],
    waiting: ["Promise"],
    chance: ["crypto"],
    "the terminal": ["console"],
    "the network": ["fetch", "WebSocket", "EventSource", "XMLHttpRequest"],
    "a way to any module": ["require", "module", "eval", "Function"],
    "a way to every global": ["globalThis", "global", "window", "self"],
  }).flatMap(([why, names]) => names.map((name) => [name, why])),
);

/** Globals of which only some members are impure: a member that is not listed may be used. */
const partly = new Map([
  ["Date", new Map([["now", "a clock"]])],
  ["Math", new Map([["random", "chance"]])],
]);

const builtins = new Set(builtinModules);

export const pureFilesOf = (root) =>
  filesUnder(
    root,
    houses,
    (path) => /^core\/|^[^/]+\/(.*\/)?pure\//.test(path) && isProductCode(path),
  );

const isProductCode = (path) =>
  path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("/testing/");

/** Returns `{ file, line, message }` of everything impure in the files, paths relative to `root`. */
export function lintPure(root, files) {
  const paths = files.map((file) => join(root, file));
  const program = ts.createProgram(paths, {
    noLib: true,
    noResolve: true,
    types: [],
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    // Every file is a module of its own: what one declares is not global in another.
    moduleDetection: ts.ModuleDetectionKind.Force,
  });
  const checker = program.getTypeChecker();
  const found = [];
  for (const path of paths) {
    const source = program.getSourceFile(path);
    const note = (node, message) => {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      found.push({ file: relative(root, path), line: line + 1, message });
    };
    const visit = (node) => {
      checkSyntax(node, note);
      if (ts.isIdentifier(node)) checkName(node, checker, note);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

/** What is impure by its form, whatever it names. */
function checkSyntax(node, note) {
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) {
    note(node, "await: pure code does not wait");
  }
  if (node.kind === ts.SyntaxKind.AsyncKeyword) note(node, "async: pure code does not wait");
  if (ts.isMetaProperty(node)) note(node, "import.meta: pure code does not know where it stands");
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    note(node, "import(): pure code does not wait");
  }
  const specifier = moduleOf(node);
  if (specifier !== null && (specifier.startsWith("node:") || builtins.has(specifier))) {
    note(node, `${specifier}: pure code has no world`);
  }
}

function moduleOf(node) {
  const { SyntaxKind } = ts;
  if (node.kind === SyntaxKind.ImportDeclaration || node.kind === SyntaxKind.ExportDeclaration) {
    return node.moduleSpecifier?.text ?? null;
  }
  if (ts.isExternalModuleReference(node)) return node.expression.text ?? null;
  return null;
}

function checkName(node, checker, note) {
  const name = node.text;
  if (!banned.has(name) && !partly.has(name)) return;
  if (!isReference(node) || isDeclared(node, checker)) return;
  if (banned.has(name)) note(node, `${name}: ${banned.get(name)}; let it come as an argument`);
  else checkPartly(node, partly.get(name), note);
}

function checkPartly(node, members, note) {
  const name = node.text;
  const parent = node.parent;
  if (ts.isTypeReferenceNode(parent) || ts.isQualifiedName(parent)) return;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === node) {
    const why = members.get(parent.name.text);
    if (why !== undefined) {
      note(node, `${name}.${parent.name.text}: ${why}; let it come as an argument`);
    }
    return;
  }
  const isGivenTime =
    name === "Date" && ts.isNewExpression(parent) && (parent.arguments?.length ?? 0) > 0;
  if (isGivenTime && parent.expression === node) return;
  // `new Date()`, `Date()`, and whatever would hide a member's name: `Math[key]`, `const { now } = Date`.
  note(node, `${name} in this form gives now or chance; let it come as an argument`);
}

/** Whether an identifier stands for a value or type, rather than naming a member or a key. */
function isReference(node) {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  // Members, keys, labels and declarations all hold their own name in `name` or `label`.
  return parent.name !== node && parent.label !== node;
}

function isDeclared(node, checker) {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return (symbol?.declarations?.length ?? 0) > 0;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const here = dirname(fileURLToPath(import.meta.url));
  const root = resolve(process.argv[2] ?? join(here, ".."));
  const files = pureFilesOf(root);
  const found = lintPure(root, files);
  for (const { file, line, message } of found) console.log(`${file}:${line}: ${message}`);
  console.log(`pure: ${files.length} files, ${found.length} violations`);
  process.exitCode = found.length > 0 || files.length === 0 ? 1 : 0;
}
