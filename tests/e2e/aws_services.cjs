// SPDX-License-Identifier: MIT
// DynamoDB and Kinesis on this machine, kept in a folder: node aws_services.cjs FOLDER DYNAMODB_PORT KINESIS_PORT DATA
const [folder, dynamodbPort, kinesisPort, data] = process.argv.slice(2);
require(`${folder}/node_modules/dynalite`)({ path: `${data}-dynamodb`, createTableMs: 0 }).listen(Number(dynamodbPort), "127.0.0.1");
require(`${folder}/node_modules/kinesalite`)({ path: `${data}-kinesis`, createStreamMs: 0 }).listen(Number(kinesisPort), "127.0.0.1");
