"""CP-SAT of Google OR-Tools on the planner's problem: a line of JSON in, a line of JSON out.

Intervals with optional ones for alternatives, cumulative and disjunctive resources, transfer times
between different workers. Where the shape of the problem allows a better model than that, it gets
it: alike processors without transfers are one cumulative resource, independent tasks on unit
workers are sums of durations. Times are ticks.
"""

import json
import sys

from ortools.sat.python import cp_model


def main():
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = solve(request)
        except Exception as error:  # An answer is owed for every line.
            answer = {"status": "failed", "note": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


class First(cp_model.CpSolverSolutionCallback):
    """Notes the first solution, for the quality of one pass."""

    def __init__(self):
        super().__init__()
        self.value = None
        self.seconds = None

    def on_solution_callback(self):
        if self.value is None:
            self.value = int(self.objective_value)
            self.seconds = self.wall_time


def solve(request):
    problem = request["problem"]
    built = build(problem)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = request["seconds"]
    solver.parameters.num_workers = request["workers"]
    solver.parameters.random_seed = request["seed"]
    first = First()
    status = solver.solve(built.model, first)
    names = {
        cp_model.OPTIMAL: "optimal",
        cp_model.FEASIBLE: "feasible",
        cp_model.INFEASIBLE: "infeasible",
    }
    answer = {
        "status": names.get(status, "unknown"),
        "bound": max(0, solver.best_objective_bound) if status != cp_model.INFEASIBLE else 0,
        "wallMs": solver.wall_time * 1000,
        "firstValue": first.value,
        "firstMs": None if first.seconds is None else first.seconds * 1000,
        "work": solver.num_branches,
    }
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        answer["places"] = places(problem, built, solver)
    return answer


class Built:
    def __init__(self):
        self.model = cp_model.CpModel()
        self.start = []
        self.end = []
        # For each task a list of (literal or None, option, worker or None).
        self.places = []
        self.pooled = False
        self.loads = False


def build(problem):
    built = Built()
    built.pooled = is_pooled(problem)
    built.loads = is_assignment(problem)
    if built.loads:
        build_loads(problem, built)
    else:
        build_intervals(problem, built)
    return built


def is_unit(problem):
    """Every worker does one task at a time."""
    return (
        problem["dimensions"] == 1
        and all(capacity == [1] for capacity in problem["capacity"])
        and all(option["demand"] == [1] for task in problem["tasks"] for option in task["options"])
    )


def is_pooled(problem):
    """It does not matter which worker of a class a task runs on."""
    transfers = any(edge[3] > 0 for edge in problem["edges"])
    pinned = any(option["worker"] >= 0 for task in problem["tasks"] for option in task["options"])
    return not transfers and not pinned and is_unit(problem)


def is_assignment(problem):
    """R||Cmax and its kin."""
    plain = not problem["edges"] and not problem["pools"] and is_unit(problem)
    return plain and all(task["release"] <= 0 and task["options"] for task in problem["tasks"])


def workers_of(problem, option):
    if option["worker"] >= 0:
        return [option["worker"]]
    return [w for w, of in enumerate(problem["classOf"]) if of == option["class"]]


def build_loads(problem, built):
    model = built.model
    horizon = sum(max(o["duration"] for o in task["options"]) for task in problem["tasks"])
    makespan = model.new_int_var(0, horizon, "")
    loads = [[] for _ in problem["capacity"]]
    for task in problem["tasks"]:
        rows = []
        for option in task["options"]:
            for worker in workers_of(problem, option):
                literal = model.new_bool_var("")
                rows.append((literal, option, worker))
                loads[worker].append((literal, option["duration"]))
        model.add_exactly_one(row[0] for row in rows)
        built.places.append(rows)
    for load in loads:
        if load:
            model.add(sum(literal * duration for literal, duration in load) <= makespan)
    model.minimize(makespan)


def build_intervals(problem, built):
    model = built.model
    tasks = problem["tasks"]
    horizon = sum(max((o["duration"] for o in task["options"]), default=0) for task in tasks)
    horizon += sum(edge[2] + edge[3] for edge in problem["edges"])
    horizon += max((task["release"] for task in tasks), default=0)
    use = {}
    pool_rows = [[] for _ in problem["pools"]]
    alike = len(set(problem["classOf"])) == 1 and all(len(t["options"]) <= 1 for t in tasks)
    for index, task in enumerate(tasks):
        start = model.new_int_var(max(0, task["release"]), horizon, "")
        rows = candidates(problem, built, task)
        if alike and len(rows) > 1:
            # Alike workers may be numbered in the order of the first task on them.
            rows = rows[: index + 1]
        if not rows:
            end = start
        elif len(rows) == 1:
            end = model.new_int_var(0, horizon, "")
        else:
            end = model.new_int_var(0, horizon, "")
        built.start.append(start)
        built.end.append(end)
        chosen = []
        for option, worker in rows:
            literal = None if len(rows) == 1 else model.new_bool_var("")
            duration = option["duration"]
            if literal is None:
                interval = model.new_interval_var(start, duration, end, "")
            else:
                interval = model.new_optional_interval_var(start, duration, end, literal, "")
            chosen.append((literal, option, worker))
            key = ("class", option["class"]) if worker is None else ("worker", worker)
            use.setdefault(key, []).append((interval, option["demand"]))
            for pool, amount in option["pools"]:
                pool_rows[pool].append((1 if literal is None else literal, interval, amount))
        if len(rows) > 1:
            model.add_exactly_one(row[0] for row in chosen)
        built.places.append(chosen)
    add_resources(problem, built, use)
    for (capacity, consumable), rows in zip(problem["pools"], pool_rows):
        if consumable:
            model.add(sum(amount * literal for literal, _, amount in rows) <= capacity)
        elif rows:
            model.add_cumulative([r[1] for r in rows], [r[2] for r in rows], capacity)
    for edge in problem["edges"]:
        add_edge(model, built, *edge)
    makespan = model.new_int_var(0, horizon, "")
    followed = {edge[0] for edge in problem["edges"]}
    for task, end in enumerate(built.end):
        if task not in followed:
            model.add(makespan >= end)
    model.minimize(makespan)


def candidates(problem, built, task):
    if built.pooled:
        return [(option, None) for option in task["options"]]
    return [(option, w) for option in task["options"] for w in workers_of(problem, option)]


def add_resources(problem, built, use):
    for (kind, index), rows in use.items():
        intervals = [row[0] for row in rows]
        if kind == "class":
            count = problem["classOf"].count(index)
            if count == 1:
                built.model.add_no_overlap(intervals)
            else:
                built.model.add_cumulative(intervals, [1] * len(rows), count)
            continue
        capacity = problem["capacity"][index]
        for d, most in enumerate(capacity):
            if all(row[1][d] == 0 for row in rows):
                continue
            if all(2 * row[1][d] > most for row in rows):
                built.model.add_no_overlap(intervals)
            else:
                built.model.add_cumulative(intervals, [row[1][d] for row in rows], most)


def add_edge(model, built, before, after, lag, transfer):
    start, end = built.start[after], built.end[before]
    model.add(start >= end + lag)
    if transfer == 0 or not built.places[before] or not built.places[after]:
        return
    same = model.new_bool_var("")
    model.add(start >= end + lag + transfer).only_enforce_if(~same)
    there = {}
    for literal, _, worker in built.places[after]:
        there.setdefault(worker, []).append(literal)
    for literal, _, worker in built.places[before]:
        others = there.get(worker, [])
        if any(other is None for other in others):
            continue
        causes = [same] if literal is None else [same, literal]
        model.add_bool_or([*others, *[~cause for cause in causes]])


def places(problem, built, solver):
    """[option, worker, start] of each task, [-1, -1, start] of a milestone."""
    found = []
    busy_until = [0] * len(problem["capacity"])
    for task, rows in enumerate(built.places):
        chosen = next((r for r in rows if r[0] is None or solver.boolean_value(r[0])), None)
        if built.loads:
            _, option, worker = chosen
            found.append([option["index"], worker, busy_until[worker]])
            busy_until[worker] += option["duration"]
        elif chosen is None:
            found.append([-1, -1, solver.value(built.start[task])])
        else:
            _, option, worker = chosen
            found.append([option["index"], worker, solver.value(built.start[task])])
    if built.pooled and not built.loads:
        hand_out(problem, built, solver, found)
    return found


def hand_out(problem, built, solver, found):
    """Workers of a class, to tasks in the order of their starts; there are always enough."""
    free_at = [0] * len(problem["capacity"])
    class_of = {o["index"]: o["class"] for task in problem["tasks"] for o in task["options"]}
    for task in sorted(range(len(found)), key=lambda t: (found[t][2], solver.value(built.end[t]))):
        option, worker, start = found[task]
        if option < 0:
            continue
        worker = next(
            w
            for w, of in enumerate(problem["classOf"])
            if of == class_of[option] and free_at[w] <= start
        )
        found[task][1] = worker
        free_at[worker] = solver.value(built.end[task])


if __name__ == "__main__":
    main()
