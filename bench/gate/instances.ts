/** The gate as it was chosen; `npm run bench -- gate` chooses anew. */
import names from "./instances.json" with { type: "json" };

export const gateInstances: readonly string[] = names;
