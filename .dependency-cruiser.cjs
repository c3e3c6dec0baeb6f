/**
 * The directions of imports (docs/architecture.md, "The houses"). Type imports count like others:
 * a type is knowledge too.
 */
/** Tests, and the generators and helpers in a house's testing/ folder. */
const testCode = "\\.test\\.ts$|/testing/";
const checker = ["^core/check\\.ts$", "^core/check-[a-z]+\\.ts$"];
/** The types that a checker reads; they hold no arithmetic of schedules. */
const planTypes = "^core/(problem|plan|plan-violation|objective|resources|result)\\.ts$";
const npm = "(^|/)node_modules/";

/** `house` may import only what `allowed` matches, itself, npm packages and Node. */
const house = (name, allowed, comment) => ({
  name: `${name}-imports`,
  comment,
  severity: "error",
  from: { path: `^${name}/`, pathNot: testCode },
  to: { pathNot: [`^${name}/`, npm, ...allowed], dependencyTypesNot: ["core", "unknown"] },
});

/** The same for tests beside the code, which may use helpers of test/ as well. */
const houseTests = (name, allowed) => ({
  name: `${name}-tests-import`,
  comment: "tests keep to the house's directions, but may use the helpers in test/",
  severity: "error",
  from: { path: `^${name}/.*(${testCode})` },
  to: {
    pathNot: [`^${name}/`, "^test/", npm, ...allowed],
    dependencyTypesNot: ["core", "unknown"],
  },
});

const core = "^core/";
/** What the houses may know of the wire: the codec, how a server is run and a channel secured. */
const wire = "^proto/(codec/|security/|serving\\.ts$)";
/** For the version that a program says it has. */
const manifest = "^package\\.json$";
/** The content-addressed store, which a master keeps and workers and users copy from. */
const data = "^data/";
const houses = [
  ["core", [], "core knows nobody"],
  ["spec", [core], "what a user writes becomes core types; it knows nothing else"],
  ["proto", [core], "the wire knows only the vocabulary"],
  ["data", [core, wire], "content by its hash, on disk and on the wire; it knows no house"],
  ["master", [core, wire, data, manifest], "houses speak only through proto/codec"],
  ["worker", [core, wire, data, manifest], "houses speak only through proto/codec"],
  ["planner", [core, wire, manifest, "^models/"], "houses speak only through proto/codec"],
  ["models", [core], "features and training know only the vocabulary"],
  [
    "simulation",
    [core, wire, manifest, "^(master|planner|worker)/"],
    "a simulated cluster drives the real houses, pure code and shells, through their ports",
  ],
];

module.exports = {
  forbidden: [
    ...houses.map((row) => house(...row)),
    ...houses.map(([name, allowed]) => houseTests(name, allowed)),
    {
      name: "nobody-imports-the-top",
      comment: "cli, bench, chaos and test stand on top of the houses: no house knows them",
      severity: "error",
      from: { pathNot: ["^(cli|bench|chaos|test)/", testCode] },
      to: { path: "^(cli|bench|chaos|test)/" },
    },
    {
      name: "cli-is-no-bench",
      comment: "what a user runs needs neither benchmarks nor tests",
      severity: "error",
      from: { path: "^cli/", pathNot: testCode },
      to: { path: "^(bench|chaos|test)/" },
    },
    {
      name: "the-witness-shares-no-code",
      comment: "it must not inherit a mistake of the system that it judges",
      severity: "error",
      from: { path: "^chaos/witness\\.ts$" },
      to: { dependencyTypesNot: ["core"] },
    },
    {
      name: "models-serve-the-planner",
      comment: "models are imported by the planner alone, and by what stands on top",
      severity: "error",
      from: { pathNot: "^(models|planner|cli|bench|chaos|test)/" },
      to: { path: "^models/" },
    },
    {
      name: "generated-types-stop-at-the-codec",
      comment: "import proto/codec instead",
      severity: "error",
      from: { pathNot: "^proto/(codec|gen)/" },
      to: { path: "^proto/gen/" },
    },
    {
      name: "core-needs-nothing",
      comment: "core is pure: no packages, no Node",
      severity: "error",
      from: { path: "^core/", pathNot: testCode },
      to: { pathNot: "^core/", dependencyTypesNot: ["unknown"] },
    },
    {
      name: "pure-code-stays-pure",
      comment: "pure code imports core and pure code of its own house, and of others types only",
      severity: "error",
      from: { path: "^([^/]+)/pure/", pathNot: testCode },
      to: { pathNot: ["^core/", "^$1/pure/"], dependencyTypesNot: ["unknown", "type-only"] },
    },
    {
      name: "check-shares-no-code",
      comment: "the checker must not inherit a solver's mistake: it imports only the core's types",
      severity: "error",
      from: { path: checker },
      to: { pathNot: [...checker, planTypes] },
    },
    {
      name: "check-lends-no-code",
      comment: "nor may core's other arithmetic lean on the checker that is to judge it",
      severity: "error",
      from: { path: "^core/", pathNot: [testCode, ...checker] },
      to: { path: checker },
    },
    {
      name: "check-is-not-a-toolbox",
      comment: "the types that check imports must not in turn lead to shared arithmetic",
      severity: "error",
      from: { path: planTypes },
      to: { pathNot: planTypes },
    },
    {
      name: "no-cycle",
      comment: "two files that need each other are one file, or three",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "no-test-code-in-the-product",
      comment: "tests and their generators are imported by tests, benches and simulations only",
      severity: "error",
      from: { pathNot: [testCode, "^(test|bench|simulation)/"] },
      to: { path: testCode, pathNot: npm },
    },
    {
      name: "no-dev-dependency-in-the-product",
      comment: "what runs at a user's must be installed there",
      severity: "error",
      from: {
        path: "^(core|spec|proto|data|master|planner|worker|cli|models)/",
        pathNot: testCode,
      },
      to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "resolvable",
      comment: "an import that cannot be resolved escapes every other rule",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: npm },
    exclude: { path: "(^|/)(dist|fixtures)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      mainFields: ["module", "main", "types"],
    },
  },
};
