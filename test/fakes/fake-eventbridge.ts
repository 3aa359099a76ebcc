import {
  ConflictException,
  CreateScheduleCommand,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  UpdateScheduleCommand,
  ValidationException,
  type CreateScheduleCommandInput,
  type SchedulerClient,
} from '@aws-sdk/client-scheduler';

type Kept = CreateScheduleCommandInput & { readonly CreationDate: Date };

/** EventBridge Scheduler, as far as it is asked to keep schedules; it fires nothing. */
export class FakeEventBridge {
  readonly schedules = new Map<string, Kept>();
  /** Errors that the next requests meet, one each. */
  readonly failures: Error[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get client(): Pick<SchedulerClient, 'send'> {
    return { send: async (command: object) => this.#answer(command) } as never;
  }

  #answer(command: object): object {
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (command instanceof CreateScheduleCommand) return this.#create(command.input);
    if (command instanceof ListSchedulesCommand) return this.#list(command.input);
    const { input } = command as { input: { Name?: string } };
    const name = input.Name ?? '';
    const there = this.schedules.get(name);
    const about = { message: `Schedule ${name} does not exist.`, Message: 'no', $metadata: {} };
    if (!there) throw new ResourceNotFoundException(about);
    if (command instanceof UpdateScheduleCommand)
      this.schedules.set(name, { ...command.input, CreationDate: there.CreationDate });
    else if (command instanceof DeleteScheduleCommand) this.schedules.delete(name);
    else if (command instanceof GetScheduleCommand) return there;
    else throw new Error(`unknown command ${command.constructor.name}`);
    return {};
  }

  #create(input: CreateScheduleCommandInput): object {
    const name = input.Name ?? '';
    if (!/^[0-9a-zA-Z_.-]{1,64}$/.test(name)) throw invalid(`the name ${name}`);
    if (this.schedules.has(name)) {
      throw new ConflictException({ message: 'there already', Message: 'no', $metadata: {} });
    }
    this.schedules.set(name, { ...input, CreationDate: new Date(this.#now()) });
    return {};
  }

  #list({ NamePrefix = '', MaxResults = 100, NextToken = '' }: ListSchedulesCommand['input']): object {
    const names = [...this.schedules.keys()]
      .filter((name) => name.startsWith(NamePrefix) && name > NextToken)
      .sort();
    const page = names.slice(0, MaxResults);
    return {
      Schedules: page.map((Name) => ({ Name })),
      ...(names.length > page.length && { NextToken: page.at(-1) }),
    };
  }
}

export function invalid(message: string): ValidationException {
  return new ValidationException({ message, Message: message, $metadata: {} });
}
