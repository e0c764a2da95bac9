"""A client that a generator made of docs/provider-api.yaml, nothing of ours in it, does a service provider's work at a testbed."""

import importlib
import os
import ssl
import sys


def api(tag, name):
    return importlib.import_module(f"generated.api.{tag}.{name}")


def models(name):
    return getattr(importlib.import_module("generated.models"), name)


def connect(token):
    client = importlib.import_module("generated").AuthenticatedClient
    tls = ssl.create_default_context(cafile=os.environ["TSMS_CA"])
    tls.load_cert_chain(os.environ["TSMS_CERTIFICATE"], os.environ["TSMS_KEY"])
    return client(base_url=os.environ["TSMS_URL"], token=token, verify_ssl=tls, raise_on_unexpected_status=True)


def main():
    short = api("auth", "create_access_token").sync(client=connect(os.environ["TSMS_TOKEN"]))
    assert isinstance(short, str) and short, short
    client = connect(short)
    account = api("serviceproviders", "get_account_information").sync(client=client)
    assert account.name, account

    service = api("services", "create_service").sync(client=client, body=models("ServiceInput")(name="of a generated client"))
    assert service.name == "of a generated client" and str(service.sp_id) == str(account.id), service
    flavor = api("services", "create_flavor").sync(str(service.id), client=client, body=models("FlavorInput")(name="plain"))
    assert flavor.published is False and flavor.feature_config.key_provisioning_mode == 0, flavor
    profile = api("secure_component_profiles", "list_secure_component_profiles").sync(client=client)[0]
    deployments = models("VersionInputAllowedDeployments").from_dict({str(flavor.id): [str(profile.id)]})
    version = api("services", "create_version").sync(str(service.id), client=client, body=models("VersionInput")(tag="1.0.0", allowed_deployments=deployments))
    assert version.allowed_deployments.to_dict() == {str(flavor.id): [str(profile.id)]}, version
    listed = api("services", "list_versions").sync(str(service.id), client=client)
    assert [entry.tag for entry in listed] == ["1.0.0"], listed
    refused = api("services", "delete_flavor").sync(str(service.id), str(flavor.id), client=client)
    assert refused.error_category == 1010, refused
    unknown = api("services", "get_service").sync("nobody", client=client)
    assert unknown.error_category == 1009 and "nobody" in unknown.error_message, unknown
    gone = api("services", "delete_service").sync_detailed(str(service.id), client=client)
    assert gone.status_code == 204, gone
    assert service.id not in [entry.id for entry in api("services", "list_services").sync(client=client)]
    print("generated client: signed in, created, listed, was refused where it should be, deleted")


if __name__ == "__main__":
    sys.exit(main())
