/**
 * The calls made from this browser, by job: a failed job has no recipe to read its arguments from, so that "try again"
 * needs them from somewhere. Small and forgetful on purpose.
 */
import type { Job, ToolCall } from '../api/types';

const KEY = 'aquatint.submitted';
const MOST = 60;

type Entry = [job: string, call: ToolCall];

function read(): Entry[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Entry[];
  } catch {
    return [];
  }
}

export function remember(job: string, call: ToolCall): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...read().slice(-MOST + 1), [job, call] satisfies Entry]));
  } catch {
    // Full or closed: retry is then not offered.
  }
}

/** The call that made this job, as far as anyone knows. */
export function callBehind(job: Job): ToolCall | undefined {
  return job.make_again ?? read().find(([id]) => id === job.job_id)?.[1];
}
