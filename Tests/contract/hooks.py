"""How schemathesis signs in, and where it finds things that exist: random IDs alone would only ever see 1009."""

import os
import zlib

import requests
import schemathesis

BASE = os.environ["TSMS_URL"]
LONG_TERM = os.environ["TSMS_TOKEN"]
session = requests.Session()
session.trust_env = False
session.verify = os.environ["TSMS_CA"]
session.cert = (os.environ["TSMS_CERTIFICATE"], os.environ["TSMS_KEY"])


def sign_in():
    answer = session.post(BASE + "/auth", headers={"Authorization": LONG_TERM})
    answer.raise_for_status()
    return answer.json()


def get(path, token):
    answer = session.get(BASE + path, headers={"Authorization": token})
    answer.raise_for_status()
    return answer.json()


def make(token):
    """What the demo service lacks."""
    headers = {"Authorization": token}
    with open(os.environ["TSMS_CA"], "rb") as pem:
        certificate = session.post(BASE + "/certificates", headers=headers, files={"certFile": ("ca.pem", pem.read())})
    certificate.raise_for_status()
    session.post(BASE + "/personalization-scripts", headers=headers, files={"scriptFile": ("a.pers", b"# nothing")}).raise_for_status()
    session.post(BASE + "/spos-configs", headers=headers, json={"url": "https://sp.example/spos", "certificateId": certificate.json()["id"]}).raise_for_status()


def existing():
    """Values of path parameters that lead somewhere, read once."""
    token = sign_in()
    if not get("/spos-configs", token):
        make(token)
    services = get("/services", token)
    load_files = get("/executable-load-files", token)
    first = services[0]["id"]
    modules = [module["id"] for file in load_files for module in get(f"/executable-load-files/{file['id']}/executable-modules", token)]
    return {
        "serviceId": [service["id"] for service in services],
        "flavorId": [flavor["id"] for flavor in get(f"/services/{first}/flavors", token)],
        "tag": [version["tag"] for version in get(f"/services/{first}/versions", token)],
        "elfId": [file["id"] for file in load_files],
        "emId": modules,
        "scpId": [profile["id"] for profile in get("/secure-component-profiles", token)],
        "applicationConfigId": [config["id"] for config in get("/application-configs", token)],
        "personalizationScriptId": [script["id"] for script in get("/personalization-scripts", token)],
        "certificateId": [certificate["id"] for certificate in get("/certificates", token)],
        "sposConfigId": [config["id"] for config in get("/spos-configs", token)],
    }


EXISTING = existing()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other value becomes one that exists; which one follows from the value, so that a seed gives the same cases again.
    DELETE keeps its random ones: the demo service is to stay until the end."""
    operation = getattr(context, "operation", None)
    if not path_parameters or (operation is not None and operation.method.lower() == "delete"):
        return path_parameters
    for name, value in path_parameters.items():
        number = zlib.crc32(str(value).encode())
        if EXISTING.get(name) and number % 2:
            path_parameters[name] = EXISTING[name][number // 2 % len(EXISTING[name])]
    return path_parameters


@schemathesis.auth(refresh_interval=300)
class SignIn:
    def get(self, case, context):
        return sign_in()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = LONG_TERM if case.operation.path == "/auth" else f"Bearer {data}"
