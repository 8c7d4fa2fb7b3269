"""The routes: those of django-allauth, and one to read and change the user, which it does not have."""

from django.http import JsonResponse
from django.urls import include, path


def me(request):
    if not request.user.is_authenticated:
        return JsonResponse({"detail": "Sign in first."}, status=401)
    if request.method == "POST":
        request.user.first_name = request.POST["name"]
        request.user.save()
    return JsonResponse({"email": request.user.email, "name": request.user.first_name})


urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("me", me),
]
