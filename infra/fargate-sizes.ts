const GIB = 1024;

/** What Fargate sells: CPU units → memory in MiB, from, to, in steps of. Source: the ECS task definition reference. */
const SIZES: Readonly<Record<number, readonly number[]>> = {
  256: [512, 1 * GIB, 2 * GIB],
  512: range(1, 4, 1),
  1024: range(2, 8, 1),
  2048: range(4, 16, 1),
  4096: range(8, 30, 1),
  8192: range(16, 60, 4),
  16_384: range(32, 120, 8),
};

function range(fromGib: number, toGib: number, stepGib: number): number[] {
  const sizes: number[] = [];
  for (let gib = fromGib; gib <= toGib; gib += stepGib) sizes.push(gib * GIB);
  return sizes;
}

/** @returns what is wrong with a size, and what may be had instead; nothing when Fargate has it */
export function findSizeFault(cpu: number, memoryMiB: number): string | undefined {
  const memory = SIZES[cpu];
  if (!memory) return `Fargate has no cpu of ${cpu}: choose ${Object.keys(SIZES).join(', ')}`;
  if (memory.includes(memoryMiB)) return undefined;
  return `Fargate has no memoryMiB of ${memoryMiB} with cpu ${cpu}: choose ${memory.join(', ')}`;
}
