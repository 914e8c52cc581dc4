import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnStage, HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { PredefinedMetric, ScalableTarget, ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import { LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Alias } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Settings } from '../../../config/schema.ts';
import { acknowledge } from '../acknowledge.ts';
import { API_ALARMS } from '../alarms.ts';
import { API_ROUTES, THROTTLES } from '../api-routes.ts';
import { NodeFunction } from '../constructs/node-function.ts';
import { grantPorts } from '../constructs/stage-permissions.ts';
import { TokenIssuer } from '../constructs/token-issuer.ts';
import { Watch } from '../constructs/watch.ts';
import { stageEnvironment } from '../environment.ts';
import type { PortName } from '../stage-access.ts';
import type { StatefulStack } from './stateful.ts';

export interface ApiProps extends StackProps {
  readonly root: string;
  readonly settings: Settings;
  readonly stateful: StatefulStack;
}

const PORTS: readonly PortName[] = ['ledger', 'onnxRuntime'];
/** Lambda gives CPU by memory: 1,769 MB is one whole core, and inference runs on one thread. */
const MEMORY_MB = 1769;

/** The HTTP face: JWT with scopes and throttles at the gateway, one function behind an alias that releases by weight. */
export class ApiStack extends Stack {
  readonly function: NodeFunction;
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, props: ApiProps) {
    super(scope, id, props);
    const { context } = props.stateful;
    const retention = context.stage === 'prod' ? RetentionDays.ONE_YEAR : RetentionDays.TWO_WEEKS;
    const issuer = new TokenIssuer(this, 'Tokens', context);
    const role = new Role(this, 'ApiRole', {
      description: 'The HTTP API',
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    grantPorts(role, props.stateful, { ports: PORTS }, []);
    this.function = new NodeFunction(this, 'ApiFunction', {
      root: props.root,
      folder: 'api',
      role,
      memoryMb: MEMORY_MB,
      timeoutSeconds: 10,
      environment: {
        ...stageEnvironment(props.stateful, { ports: PORTS }, false),
        DRL_SCOPE_PREFIX: issuer.scopePrefix,
      },
      logRetention: retention,
      withData: false,
      withOnnxRuntime: true,
    });
    const alias = new Alias(this, 'Live', { aliasName: 'live', version: this.function.currentVersion });
    this.api = this.#gateway(alias, issuer, retention);
    const alarms = new Watch(this, 'Alarms', {
      environment: context.stage,
      topic: props.stateful.alerts,
      rules: API_ALARMS,
      dimensions: { api: { ApiId: this.api.apiId } },
      runbook: props.settings.config.alerts.runbook,
    });
    if (context.stage === 'prod') {
      scaleWithUse(this, alias);
      // A tenth of the requests for five minutes; any alarm takes the release back.
      const release = new LambdaDeploymentGroup(this, 'Release', {
        alias,
        deploymentConfig: LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES,
        alarms: alarms.alarms,
      });
      acknowledge(
        release,
        'IAM4',
        'The managed policy for releases of functions is the narrowest that the service documents.',
        'Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited',
      );
    }
    new CfnOutput(this, 'Url', { value: this.api.apiEndpoint });
    new CfnOutput(this, 'Issuer', { value: issuer.issuer });
  }

  #gateway(alias: Alias, issuer: TokenIssuer, retention: RetentionDays): HttpApi {
    const api = new HttpApi(this, 'Gateway', { createDefaultStage: false });
    const integration = new HttpLambdaIntegration('Handler', alias);
    const authorizer = new HttpJwtAuthorizer('Jwt', issuer.issuer, { jwtAudience: issuer.audience });
    for (const route of API_ROUTES) {
      const access =
        route.scope === null
          ? { authorizer: new HttpNoneAuthorizer() }
          : { authorizer, authorizationScopes: [`${issuer.scopePrefix}${route.scope}`] };
      const [made] = api.addRoutes({ path: route.path, methods: [HttpMethod[route.method]], integration, ...access });
      if (route.scope === null)
        acknowledge(
          made!,
          'APIG4',
          'Health and the OpenAPI document are open to everyone and say nothing of the portfolio.',
        );
    }
    const logs = new LogGroup(this, 'AccessLogs', { retention, removalPolicy: RemovalPolicy.DESTROY });
    const stage = new CfnStage(this, 'Stage', {
      apiId: api.apiId,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: logs.logGroupArn, format: JSON.stringify(ACCESS_LOG) },
      defaultRouteSettings: {
        throttlingRateLimit: THROTTLES.all.rate,
        throttlingBurstLimit: THROTTLES.all.burst,
        detailedMetricsEnabled: false,
      },
      routeSettings: Object.fromEntries(
        Object.entries(THROTTLES.routes).map(([route, limit]) => [
          route,
          { ThrottlingRateLimit: limit.rate, ThrottlingBurstLimit: limit.burst },
        ]),
      ),
    });
    stage.node.addDependency(api); // settings of a route need the route
    return api;
  }
}

/** What the access log holds: no token, no body, no query. */
const ACCESS_LOG = {
  time: '$context.requestTime',
  request: '$context.requestId',
  route: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  subject: '$context.authorizer.claims.sub',
  error: '$context.authorizer.error',
};

function scaleWithUse(scope: Construct, alias: Alias): void {
  const target = new ScalableTarget(scope, 'Concurrency', {
    serviceNamespace: ServiceNamespace.LAMBDA,
    resourceId: `function:${alias.lambda.functionName}:${alias.aliasName}`,
    scalableDimension: 'lambda:function:ProvisionedConcurrency',
    minCapacity: 1,
    maxCapacity: 10,
  });
  target.node.addDependency(alias);
  target.scaleToTrackMetric('Utilisation', {
    targetValue: 0.7,
    predefinedMetric: PredefinedMetric.LAMBDA_PROVISIONED_CONCURRENCY_UTILIZATION,
    scaleInCooldown: Duration.minutes(5),
  });
}
