import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';

/**
 * Makes the folder of the results before anything is measured: a run of twenty minutes should not end with nowhere to go.
 * @throws Error that says what is wrong with it
 */
export async function needFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `--out: expected a folder that can be written to, got ${JSON.stringify(path)} (${code})`,
      {
        cause: error,
      },
    );
  }
}
