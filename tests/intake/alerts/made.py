"""Alerts as other systems' programs write them."""

THEHIVE = {
    "type": "external",
    "source": "wazuh",
    "sourceRef": "rule-5710-1",
    "title": "Brute force on ssh",
    "description": "Failed passwords from 192.0.2.66",
    "severity": 3,
    "date": 1795509000000,
    "tags": ["ssh", 'rsit:intrusion-attempts="brute-force"'],
    "tlp": 1,
    "pap": 2,
    "customFields": [{"name": "site", "value": "north"}],
    "observables": [
        {"dataType": "ip", "data": ["192.0.2.66", "192.0.2.67"], "message": "source", "tlp": 2},
        {"dataType": "domain", "data": "bad[.]example"},
    ],
}
# What thehive4py 1.13 writes for an alert: its model's fields, artifacts with their file in the text.
THEHIVE_V0 = {
    "tlp": 3,
    "severity": 2,
    "date": 1795509000000,
    "tags": ["mail"],
    "type": "phish",
    "title": "Mail with a file",
    "description": "See the file",
    "source": "gateway",
    "sourceRef": "mail-77",
    "caseTemplate": None,
    "externalLink": None,
    "customFields": {"mailbox": {"string": "desk", "order": 1}},
    "artifacts": [
        {"dataType": "mail", "data": "crook@bad.example", "message": None, "tlp": 2, "tags": [], "ioc": False},
        {"dataType": "file", "data": "bill.txt;text/plain;cGF5IG5vdw==", "message": "it", "tlp": 2, "tags": []},
    ],
}
IRIS = {
    "alert_title": "Beacon to a known host",
    "alert_description": "A workstation speaks to a host that is known as bad",
    "alert_source": "edr",
    "alert_source_ref": "edr-9001",
    "alert_source_link": "https://edr.example/9001",
    "alert_severity_id": 5,
    "alert_status_id": 2,
    "alert_context": {"hostname": "ws-7"},
    "alert_source_event_time": "2026-11-24T08:15:00.000000",
    "alert_note": "seen twice",
    "alert_tags": 'rsit:malicious-code="infected-system",beacon',
    "alert_iocs": [
        {"ioc_value": "198.51.100.9", "ioc_description": "c2", "ioc_tlp_id": 5, "ioc_type_id": 76, "ioc_tags": "c2"}
    ],
    "alert_assets": [{"asset_name": "ws-7", "asset_type_id": 9, "asset_ip": "10.4.1.2", "asset_domain": "x.example"}],
    "alert_customer_id": 1,
    "alert_classification_id": 1,
    "alert_source_content": {"_id": "603f704aaf7417985bbf3b22", "nested": {"a": [1, 2]}},
}
