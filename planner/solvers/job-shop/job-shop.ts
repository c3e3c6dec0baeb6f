/** Job shops: one worker for each task, so sequences are all there is to decide. */
import { shopSolver } from "../../shop/engine.js";
import { sequenceMoves } from "../../shop/sequence-moves.js";
import { declinesJobShop } from "./declines.js";

export const jobShop = shopSolver({
  name: "job-shop",
  declines: declinesJobShop,
  neighbourhood: sequenceMoves,
});
