// Checks the resources of a template, read as JSON from standard input, by the schema that AWS publishes of each resource: names of
// properties, what is required, kinds of values, and values of a closed list. Prints a line for each mistake.
//
//   node infra/template/schema.mjs FOLDER < resources.json
//
// FOLDER is where @aws-cdk/aws-service-spec is installed. Scalars are texts, and intrinsic functions stand as {"Fn::Sub": …}.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const require = createRequire(join(process.argv[2], 'x.js'));
const db = require('@aws-cdk/aws-service-spec').loadAwsServiceSpecSync();

/** intrinsic names the function that a value is made by; undefined for a plain value. */
function intrinsic(value) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const [name, ...more] = Object.keys(value);
  return more.length === 0 && (name === 'Ref' || name?.startsWith('Fn::')) ? name : undefined;
}

/** mistakes are those of a value under a type of the schema. */
function mistakes(value, type, path) {
  const name = intrinsic(value);
  if (name === 'Ref' && value.Ref === 'AWS::NoValue') return [];
  if (name === 'Fn::If') return value[name].slice(1).flatMap((branch) => mistakes(branch, type, path));
  if (name) return [];
  const wrong = (what) => [`${path}: ${JSON.stringify(value)?.slice(0, 80)} is no ${what}`];
  switch (type.type) {
    case 'string':
      if (typeof value !== 'string') return wrong('text');
      return type.allowedValues && !type.allowedValues.includes(value) ? wrong(`one of ${type.allowedValues.join(', ')}`) : [];
    case 'integer':
      return /^-?[0-9]+$/.test(value) ? [] : wrong('whole number');
    case 'number':
      return /^-?[0-9.]+$/.test(value) ? [] : wrong('number');
    case 'boolean':
      return value === 'true' || value === 'false' ? [] : wrong('truth value');
    case 'array':
      if (!Array.isArray(value)) return wrong('list');
      return value.flatMap((one, i) => mistakes(one, type.element, `${path}[${i}]`));
    case 'map':
      if (typeof value !== 'object' || Array.isArray(value)) return wrong('map');
      return Object.entries(value).flatMap(([key, one]) => mistakes(one, type.element, `${path}.${key}`));
    case 'ref':
      return members(value, db.get('typeDefinition', type.reference.$ref).properties, path);
    case 'union': {
      const all = type.types.map((one) => mistakes(value, one, path));
      return all.some((found) => found.length === 0) ? [] : all.sort((a, b) => a.length - b.length)[0];
    }
  }
  return []; // tags and documents of any form
}

/** properties are those of a resource by its type. */
function propertiesOf(type) {
  const [known] = db.lookup('resource', 'cloudFormationType', 'equals', type);
  return known?.properties;
}

// The published list of SAM's own properties is old: what SAM hands on as it is is checked by the resource that it hands it to.
const handedOn = {
  'AWS::Serverless::Function': ['AWS::Lambda::Function'],
  'AWS::Serverless::HttpApi': ['AWS::ApiGatewayV2::Api', 'AWS::ApiGatewayV2::Stage'],
};
const events = {
  SQS: { to: 'AWS::Lambda::EventSourceMapping', own: ['Queue'] },
  DynamoDB: { to: 'AWS::Lambda::EventSourceMapping', own: ['Stream', 'DestinationConfig'] },
  ScheduleV2: { to: 'AWS::Scheduler::Schedule', own: ['Input', 'RetryPolicy', 'DeadLetterConfig', 'RoleArn', 'PermissionsBoundary', 'OmitName'] },
  HttpApi: { own: ['ApiId', 'Auth', 'Method', 'Path', 'PayloadFormatVersion', 'RouteSettings', 'TimeoutInMillis'] },
};

/** eventMistakes are those of the events that invoke a function. */
function eventMistakes(value, path) {
  return Object.entries(value).flatMap(([name, event]) => {
    const known = events[event.Type];
    if (!known) return [`${path}.${name}: there is no event ${event.Type}`];
    const own = Object.fromEntries(known.own.map((property) => [property, { type: { type: 'json' } }]));
    const optional = Object.entries(known.to ? propertiesOf(known.to) : {}).map(([key, property]) => [key, { ...property, required: false }]);
    return members(event.Properties ?? {}, { ...Object.fromEntries(optional), ...own }, `${path}.${name}`);
  });
}

/** resourceMistakes are those of a resource. */
function resourceMistakes(name, resource) {
  let properties = propertiesOf(resource.Type);
  if (!properties) return [`${name}: there is no resource ${resource.Type}`];
  for (const type of handedOn[resource.Type] ?? []) {
    const optional = Object.entries(propertiesOf(type)).map(([key, property]) => [key, { ...property, required: false }]);
    properties = { ...Object.fromEntries(optional), ...properties };
  }
  if (resource.Type !== 'AWS::Serverless::Function') return members(resource.Properties ?? {}, properties, name);
  const { Events: invoked = {}, ...rest } = resource.Properties ?? {};
  return [...eventMistakes(invoked, name), ...members(rest, properties, name)];
}

/** members are the mistakes of an object with these properties. */
function members(value, properties, path) {
  if (typeof value !== 'object' || Array.isArray(value)) return [`${path}: ${JSON.stringify(value)?.slice(0, 80)} is no object`];
  const out = [];
  for (const [name, one] of Object.entries(value)) {
    const property = properties[name];
    if (property) out.push(...mistakes(one, property.type, `${path}.${name}`));
    else out.push(`${path}: there is no property ${name}`);
  }
  for (const [name, property] of Object.entries(properties)) {
    if (property.required && !(name in value)) out.push(`${path}: ${name} is missing`);
  }
  return out;
}

for (const [name, resource] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
  for (const mistake of resourceMistakes(name, resource)) console.log(mistake);
}
