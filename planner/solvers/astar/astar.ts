export { dagSearch as astar } from "../dag-search/dag-search.js";
