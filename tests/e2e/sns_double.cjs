// SPDX-License-Identifier: MIT
// Takes what is published, after signing it again with the signer of AWS' own clients: node sns_double.cjs
// FOLDER PORT SECRET. One line of JSON on standard output for each request.
const [folder, port, secret] = process.argv.slice(2);
const { SignatureV4 } = require(`${folder}/node_modules/@smithy/signature-v4`);
const { Sha256 } = require(`${folder}/node_modules/@aws-crypto/sha256-js`);

async function isSigned(request, body) {
    const given = request.headers.authorization || "";
    const names = (/SignedHeaders=([^,]+)/.exec(given) || [])[1];
    const date = request.headers["x-amz-date"];
    if (!names || !date) return false;
    const headers = {};
    for (const name of names.split(";")) headers[name] = request.headers[name];
    const when = date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z");
    const signer = new SignatureV4({
        credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: secret, sessionToken: request.headers["x-amz-security-token"] },
        region: "eu-west-1", service: "sns", sha256: Sha256, applyChecksum: false,
    });
    const again = await signer.sign(
        { method: request.method, protocol: "http:", hostname: "127.0.0.1", path: request.url, query: {}, headers, body },
        { signingDate: new Date(when), signableHeaders: new Set(names.split(";")) });
    if (again.headers.authorization !== given) process.stderr.write(`${given}\n${again.headers.authorization}\n`);
    return again.headers.authorization === given;
}

require("http").createServer((request, response) => {
    const parts = [];
    request.on("data", part => parts.push(part));
    request.on("end", async () => {
        const body = Buffer.concat(parts).toString();
        const good = await isSigned(request, body);
        process.stdout.write(JSON.stringify({ good, fields: Object.fromEntries(new URLSearchParams(body)) }) + "\n");
        response.writeHead(good ? 200 : 403, { "Content-Type": "text/xml" });
        response.end(good
            ? '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>'
            : "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>");
    });
}).listen(Number(port), "127.0.0.1");
