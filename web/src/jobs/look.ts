import type { JobState } from '../api/types';

/** The colour of a state. */
export const LOOK: Record<JobState, string> = { queued: '', running: 'accent', succeeded: 'good', failed: 'wrong', cancelled: 'warn' };
