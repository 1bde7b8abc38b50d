"""Customers of a bank, their accounts and their payments, through the public API."""

from bezant.cli.demo.customers.branch import Branch
from bezant.cli.demo.customers.closing import close
from bezant.cli.demo.customers.desk import Desk
from bezant.cli.demo.customers.other_side import OtherSide
from bezant.cli.demo.customers.printing import print_customers
from bezant.cli.demo.customers.report import CustomersReport, SoundBook
from bezant.cli.demo.customers.scenes import SCENES

__all__ = [
    "SCENES",
    "Branch",
    "CustomersReport",
    "Desk",
    "OtherSide",
    "SoundBook",
    "close",
    "print_customers",
]
