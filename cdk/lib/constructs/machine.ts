import { RemovalPolicy } from 'aws-cdk-lib';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { DefinitionBody, LogLevel, StateMachine, StateMachineType } from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import type { AslDefinition } from '../asl.ts';

export interface MachineProps {
  readonly name: string;
  readonly definition: AslDefinition;
  /** Value of every `${placeholder}` of the definition. */
  readonly substitutions: Record<string, string>;
  readonly logRetention: RetentionDays;
}

/** A state machine from its .asl.json, with what the definition does not name left out of the substitutions. */
export class Machine extends StateMachine {
  constructor(scope: Construct, id: string, props: MachineProps) {
    const text = JSON.stringify(props.definition);
    const named = new Set([...text.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1]!));
    const missing = [...named].filter((name) => !(name in props.substitutions));
    if (missing.length > 0)
      throw new Error(`state-machines/${props.name}.asl.json names ${missing.join(', ')}, which nothing provides`);
    super(scope, id, {
      definitionBody: DefinitionBody.fromString(text),
      definitionSubstitutions: Object.fromEntries([...named].map((name) => [name, props.substitutions[name]!])),
      stateMachineType: StateMachineType.STANDARD,
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(scope, `${id}Logs`, {
          retention: props.logRetention,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: LogLevel.ALL,
        includeExecutionData: true,
      },
    });
  }
}
