import { describe } from 'vitest';
import { allContracts } from './all.contract.ts';
import { useFakes, useSimulator } from './backend.ts';

describe('in memory', () => allContracts(useFakes));
describe('in the simulator', () => allContracts(useSimulator));
