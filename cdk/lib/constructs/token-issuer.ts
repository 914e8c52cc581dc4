import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import {
  Mfa,
  OAuthScope,
  ResourceServerScope,
  UserPool,
  UserPoolClient,
  UserPoolResourceServer,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { SCOPES } from '../api-routes.ts';
import type { DeploymentContext } from '../context.ts';

/** Identifier of the resource server: Cognito writes scopes as `<identifier>/<scope>`. */
const RESOURCE_SERVER = 'portfolio';

/** Who issues the API's tokens: the OpenID provider that the context names, or a Cognito user pool of our own. */
export class TokenIssuer extends Construct {
  readonly issuer: string;
  readonly audience: string[];
  /** What stands before a scope's name in a token; empty for a provider of one's own. */
  readonly scopePrefix: string;

  constructor(scope: Construct, id: string, context: DeploymentContext) {
    super(scope, id);
    if (context.jwtIssuer) {
      this.issuer = context.jwtIssuer;
      this.audience = [context.jwtAudience!];
      this.scopePrefix = '';
      return;
    }
    const pool = new UserPool(this, 'Users', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      mfa: Mfa.REQUIRED,
      mfaSecondFactor: { sms: false, otp: true },
      passwordPolicy: {
        minLength: 14,
        requireDigits: true,
        requireLowercase: true,
        requireUppercase: true,
        requireSymbols: true,
      },
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(
      pool,
      'COG3',
      'Threat protection is billed per user; the pool has no self sign-up and requires a second factor.',
    );
    acknowledge(pool, 'COG8', 'The features of the higher tier are not used.');
    const scopes = SCOPES.map((name) => new ResourceServerScope({ scopeName: name, scopeDescription: name }));
    const server = new UserPoolResourceServer(this, 'Scopes', { userPool: pool, identifier: RESOURCE_SERVER, scopes });
    pool.addDomain('SignIn', { cognitoDomain: { domainPrefix: `drl-${context.stage}-${this.node.addr.slice(-8)}` } });
    const client = new UserPoolClient(this, 'Client', {
      userPool: pool,
      generateSecret: false,
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: scopes.map((item) => OAuthScope.resourceServer(server, item)),
        callbackUrls: ['http://localhost:8787/callback'],
      },
      accessTokenValidity: Duration.hours(1),
      preventUserExistenceErrors: true,
    });
    this.issuer = pool.userPoolProviderUrl;
    this.audience = [client.userPoolClientId];
    this.scopePrefix = `${RESOURCE_SERVER}/`;
  }
}
