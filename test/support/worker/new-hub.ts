import { vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { emptyHub } from './empty-hub.ts';
import './quiet-requests.ts';

// Runs before each file of tests: the files share a runtime, which takes seconds to start.
onFault(null);
vi.useRealTimers();
await emptyHub();
// Nothing is delivered unless a test asks for it, as if each Worker were lost after its answer: the queue then makes
// all attempts.
makeFirstAttemptsWith(null);
