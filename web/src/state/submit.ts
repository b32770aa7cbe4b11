/** Sends a tool call, and lets everybody know of its job. */
import { make } from '../api/making';
import type { Job, ToolCall } from '../api/types';
import { live } from './live.svelte';
import { remember } from './submitted';

export async function submit(call: ToolCall): Promise<Job> {
  const job = await make(call);
  remember(job.job_id, call);
  // Quick edits are over when they are answered.
  live.settle(job);
  return job;
}
