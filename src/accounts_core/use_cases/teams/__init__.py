"""Use cases for teams, which the user API calls accounts: the team, its members, invitations and interactions."""
