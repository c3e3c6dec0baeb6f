/** Flexible shops: which worker, and in which sequence. */
import { shopSolver } from "../../shop/engine.js";
import { sequenceMoves } from "../../shop/sequence-moves.js";
import type { TabuSearch } from "../../shop/tabu.js";
import { assignmentMoves } from "./assignment-moves.js";
import { declinesFlexibleShop } from "./declines.js";
import { exchangeMoves } from "./exchange-moves.js";

export const flexibleShop = shopSolver({
  name: "flexible-shop",
  declines: declinesFlexibleShop,
  neighbourhood: (search: TabuSearch): void => {
    sequenceMoves(search);
    assignmentMoves(search);
    if (search.pick.estimate >= search.schedule.makespan) exchangeMoves(search);
  },
});
