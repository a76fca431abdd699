"""Strengths of rankings written as text."""

from __future__ import annotations


def values(result):
    return {item.item: item.estimate.value for item in result.items}


def errors(result):
    return {item.item: item.estimate.std_error for item in result.items}
