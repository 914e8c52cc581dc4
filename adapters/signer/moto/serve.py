"""moto's KMS on a free port, printed as one line of JSON; ends when standard input does.

Three things are corrected, because moto does otherwise than AWS: a DIGEST is signed as it is (moto hashes it once more), a key that is
disabled neither signs nor tells its public key, and a public key comes with its KeySpec (moto has only the older name of it).
"""

import base64
import json
import sys
import threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def enabled_key(response):
    key_id = response._get_param("KeyId")
    response._validate_key_id(key_id)
    key = response.kms_backend.describe_key(key_id)
    if not key.enabled:
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    return key


uncorrected_sign, uncorrected_public_key = KmsResponse.sign, KmsResponse.get_public_key


def sign(response):
    key = enabled_key(response)
    if response._get_param("MessageType") != "DIGEST":
        return uncorrected_sign(response)
    digest = base64.b64decode(json.loads(response.body)["Message"])
    if len(digest) != 32:
        raise JsonRESTError("ValidationException", "Digest is invalid length for algorithm ECDSA_SHA_256.")
    signature = key.private_key.private_key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    answer = {"KeyId": key.arn, "Signature": base64.b64encode(signature).decode(), "SigningAlgorithm": "ECDSA_SHA_256"}
    return json.dumps(answer)


def public_key(response):
    key = enabled_key(response)
    return json.dumps(json.loads(uncorrected_public_key(response)) | {"KeySpec": key.key_spec})


KmsResponse.sign, KmsResponse.get_public_key = sign, public_key

server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(json.dumps({"port": server.server_port}), flush=True)
sys.stdin.read()
