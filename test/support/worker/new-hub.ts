import { vi } from 'vitest';
import { makeFirstAttemptsWith } from '../../../src/api/execute-command.ts';
import { onFault } from '../../../src/platform/faults.ts';
import { emptyHub } from './empty-hub.ts';
import './quiet-requests.ts';

// Runs before each file of tests. The files share a runtime, because it takes seconds to start.
onFault(null);
vi.useRealTimers();
await emptyHub();
// No first attempts are made unless a test asks for them, as if each Worker were lost after its answer. The queue then
// makes all attempts.
makeFirstAttemptsWith(null);
