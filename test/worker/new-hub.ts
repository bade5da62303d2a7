import { vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../src/api/execute-command.ts';
import { onFault } from '../../src/platform/faults.ts';
import { emptyHub } from './empty-hub.ts';
import './quiet-requests.ts';

// Before each file of tests: the files share a runtime, which takes seconds to start.
onFault(null);
vi.useRealTimers();
await emptyHub();
// Nobody delivers but a test that says so, as if each Worker were lost with its answer: the queue then brings all attempts.
makeFirstAttemptsWith(null);
