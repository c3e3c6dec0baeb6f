import { workerContract } from "../../testing/worker-contract.js";

// A process is the supervisor's child: nobody else would get its output and its exit code.
workerContract({
  driver: "process",
  supervisor: {},
  options: null,
  attempts: 10,
  patience: 1,
  outlives: false,
});
