import { createMemoryJournal } from "./memory.js";
import { describeJournal } from "./testing/contract.js";

describeJournal("the journal in memory", async () => {
  const journal = createMemoryJournal();
  return { journal, dispose: () => journal.close() };
});
