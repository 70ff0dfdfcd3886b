// SPDX-License-Identifier: MIT
// AWS' own clients: node aws_read.cjs FOLDER DYNAMODB_PORT KINESIS_PORT make TEMPLATE.yaml | table NAME | stream NAME
// make: tables and streams as a CloudFormation template says, of stage `proof`; table, stream: all there is, as JSON.
const [folder, dynamodbPort, kinesisPort, verb, name] = process.argv.slice(2);
const load = module => require(`${folder}/node_modules/${module}`);
const { DynamoDBClient, CreateTableCommand, ScanCommand } = load("@aws-sdk/client-dynamodb");
const { KinesisClient, CreateStreamCommand, DescribeStreamCommand, ListShardsCommand, GetShardIteratorCommand, GetRecordsCommand } = load("@aws-sdk/client-kinesis");
const { NodeHttpHandler } = load("@smithy/node-http-handler");

const common = { region: "eu-west-1", credentials: { accessKeyId: "reader", secretAccessKey: "reader" }, requestHandler: new NodeHttpHandler() };
const dynamodb = new DynamoDBClient({ ...common, endpoint: `http://127.0.0.1:${dynamodbPort}` });
const kinesis = new KinesisClient({ ...common, endpoint: `http://127.0.0.1:${kinesisPort}` });

// {"Fn::Sub": "nephos-metrics-${Stage}"}
const nameOf = value => value["Fn::Sub"].replace("${Stage}", "proof");

async function make(resources) {
    for (const { Type, Properties: p } of Object.values(resources)) {
        if (Type === "AWS::DynamoDB::Table")
            await dynamodb.send(new CreateTableCommand({ TableName: nameOf(p.TableName), KeySchema: p.KeySchema, BillingMode: p.BillingMode,
                AttributeDefinitions: p.AttributeDefinitions, GlobalSecondaryIndexes: p.GlobalSecondaryIndexes }));
        if (Type === "AWS::Kinesis::Stream") {
            await kinesis.send(new CreateStreamCommand({ StreamName: nameOf(p.Name), ShardCount: 2 }));
            while ((await kinesis.send(new DescribeStreamCommand({ StreamName: nameOf(p.Name) }))).StreamDescription.StreamStatus !== "ACTIVE")
                await new Promise(done => setTimeout(done, 100));
        }
    }
    return null;
}

async function table() {
    const items = [];
    let from;
    do {
        const page = await dynamodb.send(new ScanCommand({ TableName: name, ExclusiveStartKey: from }));
        items.push(...page.Items);
        from = page.LastEvaluatedKey;
    } while (from);
    return items;
}

async function stream() {
    const records = [];
    for (const { ShardId } of (await kinesis.send(new ListShardsCommand({ StreamName: name }))).Shards) {
        let at = (await kinesis.send(new GetShardIteratorCommand({ StreamName: name, ShardId, ShardIteratorType: "TRIM_HORIZON" }))).ShardIterator;
        for (let page; at; at = page.NextShardIterator) {
            page = await kinesis.send(new GetRecordsCommand({ ShardIterator: at, Limit: 1000 }));
            records.push(...page.Records.map(r => ({ key: r.PartitionKey, data: JSON.parse(Buffer.from(r.Data).toString()) })));
            if (page.Records.length === 0 && page.MillisBehindLatest === 0) break;
        }
    }
    return records;
}

const verbs = { make: () => make(load("yaml").parse(require("fs").readFileSync(name, "utf8")).Resources), table, stream };
verbs[verb]().then(found => process.stdout.write(JSON.stringify(found)), e => {
    process.stderr.write(`${e.stack}\n`);
    process.exit(1);
});
