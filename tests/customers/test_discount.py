"""Customers have no discounts of their own."""

from tests.support.served import Served


def test_there_is_none_to_delete(served: Served):
    with served.http() as http:
        customer = http.post("/v1/customers", data={"name": "Ada"}).json()
        assert customer["discount"] is None
        for one, words in (
            (customer["id"], "No such active discount for customer"),
            ("cus_none", "No such customer"),
        ):
            response = http.delete(f"/v1/customers/{one}/discount")
            assert response.status_code == 404
            error = response.json()["error"]
            assert (error["code"], words in error["message"]) == ("resource_missing", True)
