/** Small instances written by hand, one of each format, with the best value that each can have. */

const psplibHead = (jobs: number, renewable: number, nonRenewable: number): string => `
jobs (incl. supersource/sink ):  ${jobs}
RESOURCES
  - renewable                 :  ${renewable}   R
  - nonrenewable              :  ${nonRenewable}   N
  - doubly constrained        :  0   D
`;
const stars = "************************************************************************";

/** Three jobs between the dummies on a resource of 4: 2 and 3 side by side, then 4. */
export const project = `${stars}${psplibHead(5, 2, 0)}${stars}
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        1          1           4
   3        1          1           5
   4        1          1           5
   5        1          0
${stars}
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     3       2    0
  3      1     4       2    1
  4      1     2       3    1
  5      1     0       0    0
${stars}
RESOURCEAVAILABILITIES:
  R 1  R 2
    4    1
${stars}
`;
export const projectOptimum = 6;

/** The fast modes together spend 6 of a budget of 5, so one of the two jobs has to be slow. */
export const multiMode = `${stars}${psplibHead(4, 1, 1)}${stars}
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        2          1           4
   3        2          1           4
   4        1          0
${stars}
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  N 1
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     2       1    3
         2     5       1    1
  3      1     2       1    3
         2     6       1    1
  4      1     0       0    0
${stars}
RESOURCEAVAILABILITIES:
  R 1  N 1
   2    5
${stars}
`;
export const multiModeOptimum = 5;

/** The same as \`project\`, in Patterson's format. */
export const patterson = `5 2
4 1
0 0 0 2 2 3
3 2 0 1 4
4 2 1 1
5
2 3 1 1 5
0 0 0 0
`;

/** Fisher & Thompson's 6 x 6 (1963). */
export const ft06 = `6 6
2 1 0 3 1 6 3 7 5 3 4 6
1 8 2 5 4 10 5 10 0 10 3 4
2 5 3 4 5 8 0 9 1 1 4 7
1 5 0 5 2 5 3 3 4 8 5 9
2 9 1 3 4 5 5 4 0 3 3 1
1 3 3 3 5 9 0 10 4 4 2 1
`;
export const ft06Optimum = 55;

/** Rows of different length that end in -1 -1; the first job comes back to machine 0. */
export const reentrant = "2 2\n0 3 1 2 0 2 -1 -1\n1 4 -1 -1\n";
/** Machine 1 has job 1 until 4, or the first job would be done at 7. */
export const reentrantOptimum = 8;

/** An operation that takes no time, on a machine that is busy. */
export const instantaneous = "2 2\n0 4 1 3\n1 2 0 0 0 1\n";

/** Two jobs; machines count from 1. */
export const flexible = "2 2 1.5\n2 2 1 3 2 5 1 2 2\n1 2 1 4 2 4\n";
export const flexibleOptimum = 6;

/** Operations 0 and 1 meet in 2; comments as in the files. */
export const assembly = "# Number of jobs: 1\n3 2 2\n0 2\n1 2\n2 0 3 1 4\n2 0 3 1 4\n1 0 2\n";
export const assemblyOptimum = 6;

export const unrelated = "3\n2\n4 9\n9 4\n3 3\n";
export const unrelatedOptimum = 7;

/** A diamond between the two dummies. */
export const stg = ` 4
 0 0 0
 1 2 1 0
 2 3 1 1
 3 3 1 1
 4 2 2 2 3
 5 0 1 4
# Standard Task Graph Set Project
`;
export const stgOptimum = { one: 10, two: 7 };

/** A fork whose data costs more than to stay: of three children two stay. */
export const dot = `digraph "Fork_Nodes_4" {
	graph [GraphType=Fork,
		TargetSystem="Homogeneous-2",
		"Total sequential time"=11
	];
	0	["Finish time"=2,
		Processor=0,
		Weight=2];
	1	[Processor=0, Weight=3];
	2	[Processor=0, Weight=3];
	3	[Processor=1, Weight=3];
	0 -> 1	[Weight=4];
	0 -> 2	[Weight=4];
	0 -> 3	[Weight=2];
}
`;
export const dotOptimum = 8;

/** The example of Topcuoglu, Hariri & Wu 2002, figure 2. */
export const heft = {
  bandwidth: "P,P_0,P_1,P_2\nP_0,0,1,1\nP_1,1,0,1\nP_2,1,1,0\n",
  connectivity: `T,T0,T1,T2,T3,T4,T5,T6,T7,T8,T9
T0,0,18,12,9,11,14,0,0,0,0
T1,0,0,0,0,0,0,0,19,16,0
T2,0,0,0,0,0,0,23,0,0,0
T3,0,0,0,0,0,0,0,27,23,0
T4,0,0,0,0,0,0,0,0,13,0
T5,0,0,0,0,0,0,0,15,0,0
T6,0,0,0,0,0,0,0,0,0,17
T7,0,0,0,0,0,0,0,0,0,11
T8,0,0,0,0,0,0,0,0,0,13
T9,0,0,0,0,0,0,0,0,0,0`,
  times: `TP,P_0,P_1,P_2
T_0,14,16,9
T_1,13,19,18
T_2,11,13,19
T_3,13,8,17
T_4,12,13,10
T_5,13,16,9
T_6,7,15,11
T_7,5,11,14
T_8,18,12,20
T_9,21,7,16`,
};
/** By upward rank with communication, as the paper has it, and what insertion makes of it. */
export const heftOrder = Int32Array.of(0, 2, 3, 1, 4, 5, 8, 6, 7, 9);
export const heftValue = 80;

/** A chain of two tasks, of which the first writes 1 MiB for the second. */
export const workflow = JSON.stringify({
  name: "two",
  schemaVersion: "1.5",
  workflow: {
    specification: {
      tasks: [
        { name: "a", id: "a_1", parents: [], children: ["b_2"], outputFiles: ["f"] },
        { name: "b", id: "b_2", parents: ["a_1"], children: [], inputFiles: ["f"] },
      ],
      files: [{ id: "f", sizeInBytes: 2 ** 20 }],
    },
    execution: {
      makespanInSeconds: 9,
      executedAt: "2020-01-01T00:00:00Z",
      tasks: [
        { id: "a_1", runtimeInSeconds: 1.5, coreCount: 2 },
        { id: "b_2", runtimeInSeconds: 2 },
      ],
    },
  },
});
